"""A collection of any size, made of the documents of one that was ingested, without reading a document again.

The first copy is the collection itself. In every other copy the words that are hardly ever written small (names of
people, places and things) are spelled with other letters: the same word becomes the same new word throughout a copy,
names keep their length, so offsets hold, and nothing ties one copy to another but the names that everybody uses.
Vectors of a copy lie between those of the original and those of another document. Access lists make ten levels:
a document of level 3 is read by the groups `level-3` to `level-9`, so `level-0` reads a tenth of all.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from kgqa.adapters.postgres.pool import Connection
from kgqa.model.answer import Caller
from kgqa.model.delta import DocumentDelta
from kgqa.model.document import Chunk, Document, Outcome, Sentence
from kgqa.model.identity import chunk_id, stable_id
from kgqa.model.mention import NameSource, NameSupport
from kgqa.text.names import normalise
from kgqa.text.terms import chunk_terms

LEVELS = 10
#: share of a copy's vector that comes from another document
_STRANGE = 0.4
#: a word is a name where so much of its uses are capitalised, and so few documents have it
_CAPITALISED, _COMMON = 0.9, 0.005
_WORD = re.compile(r"[A-Za-z]+")

_DOCUMENTS = """
select v.id, d.key, v.title, v.language, v.text from current_document d
join document_version v on v.id = d.current_version
where d.collection_id = (select id from collection where name = %(collection)s) and v.outcome = 'indexed'
order by d.key"""
_CHUNKS = """
select p.version_id, c.id, p.ordinal, c.text, p.heading_path, p.row_key, p.language, p.page, p.start_offset,
    p.end_offset, i.embedding,
    array(select s.start_offset from sentence s where s.generation = i.generation and s.chunk_id = c.id
        and s.version_id = p.version_id order by s.ordinal),
    array(select s.end_offset from sentence s where s.generation = i.generation and s.chunk_id = c.id
        and s.version_id = p.version_id order by s.ordinal)
from chunk_placement p join chunk c on c.id = p.chunk_id
join chunk_index i on i.chunk_id = c.id and i.version_id = p.version_id and i.live
where p.version_id = any(%(versions)s::bigint[]) order by p.version_id, p.ordinal"""
_SENTENCES = """
select version_id, chunk_id, embedding from sentence
where version_id = any(%(versions)s::bigint[]) and live order by version_id, chunk_id, ordinal"""
_NAMES = """
select version_id, norm, surface, type, source, signature, chunk_id from name_support
where version_id = any(%(versions)s::bigint[]) and live order by version_id, norm, chunk_id, source, type, signature"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One ingested document with everything that its copies need."""

    key: str
    title: str
    language: str
    text: str
    chunks: tuple[Chunk, ...]
    chunk_vectors: npt.NDArray[np.float32]
    sentence_vectors: npt.NDArray[np.float32]
    names: tuple[NameSupport, ...]


def read_originals(connection: Connection, collection: str) -> list[Original]:
    """All indexed documents of a collection, in an order that has nothing to do with where they came from."""
    rows = connection.execute(_DOCUMENTS.encode(), {"collection": collection}).fetchall()
    bound = {"versions": [row[0] for row in rows]}
    chunks, sentences, names = (
        {version: list(group) for version, group in groupby(_rows(connection, statement, bound), itemgetter(0))}
        for statement in (_CHUNKS, _SENTENCES, _NAMES)
    )
    found = [
        _original(row, chunks[row[0]], sentences.get(row[0], []), names.get(row[0], []))
        for row in rows
        if row[0] in chunks
    ]
    return sorted(found, key=lambda original: stable_id("shuffle", original.key))


def _rows(connection: Connection, statement: str, bound: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    with connection.transaction(), connection.cursor(name="copies", binary=True) as cursor:
        cursor.itersize = 5_000
        yield from cursor.execute(statement.encode(), bound)


def _original(
    row: tuple[Any, ...],
    chunks: Sequence[tuple[Any, ...]],
    sentences: Sequence[tuple[Any, ...]],
    names: Sequence[tuple[Any, ...]],
) -> Original:
    made = tuple(
        Chunk(
            id=c[1], ordinal=c[2], text=c[3], heading_path=tuple(c[4]), row_key=c[5], language=c[6], page=c[7],
            start=c[8], end=c[9], sentences=tuple(Sentence(start=a, end=b) for a, b in zip(c[11], c[12], strict=True)),
        )
        for c in chunks
    )  # fmt: skip
    by_chunk = {chunk: [s[2].to_numpy() for s in group] for chunk, group in groupby(sentences, itemgetter(1))}
    return Original(
        key=row[1],
        title=row[2],
        language=row[3],
        text=row[4],
        chunks=made,
        chunk_vectors=np.stack([c[10].to_numpy() for c in chunks]).astype(np.float32),
        sentence_vectors=np.stack([v for c in made for v in by_chunk.get(c.id, [])]).astype(np.float32),
        names=tuple(
            NameSupport(norm=n[1], surface=n[2], type=n[3], source=NameSource(n[4]), signature=n[5], chunk_id=n[6])
            for n in names
        ),
    )


def name_words(originals: Sequence[Original]) -> frozenset[str]:
    """Words, lower case, that are names, and not names that everybody uses."""
    capitalised: Counter[str] = Counter()
    uses: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for original in originals:
        words = _WORD.findall(f"{original.title} {original.text}")
        uses.update(word.lower() for word in words)
        capitalised.update(word.lower() for word in words if word[0].isupper())
        documents.update({word.lower() for word in words})
    most = _COMMON * len(originals)
    return frozenset(w for w, n in uses.items() if capitalised[w] >= _CAPITALISED * n and documents[w] <= most)


class Copyist:
    """Makes deltas of a collection: copy 0 is the original, every other one has names of its own."""

    def __init__(self, originals: Sequence[Original], collection: str) -> None:
        self._originals = originals
        self._collection = collection
        self._names = name_words(originals)

    def chunks(self) -> int:
        """Number of chunks of one copy."""
        return sum(len(original.chunks) for original in self._originals)

    def deltas(self, copy: int) -> Iterator[DocumentDelta]:
        """All documents of one copy."""
        spelling = _spelling(copy)

        def spell(text: str) -> str:
            return _WORD.sub(lambda m: m[0].translate(spelling) if m[0].lower() in self._names else m[0], text)

        chance = np.random.default_rng(copy)
        for original in self._originals:
            stranger = self._originals[int(chance.integers(len(self._originals)))]
            yield self._delta(original, stranger, copy, spell if copy else str)

    def _delta(self, original: Original, stranger: Original, copy: int, spell: Callable[[str], str]) -> DocumentDelta:
        key = f"{copy}/{original.key}"
        level = stable_id("level", key) % LEVELS
        title, text = spell(original.title), spell(original.text)
        chunks = tuple(
            replace(
                c,
                id=chunk_id(self._collection, key, c.text, c.ordinal, "copy"),
                text=spell(c.text),
                heading_path=tuple(map(spell, c.heading_path)),
                row_key=spell(c.row_key) if c.row_key else c.row_key,
            )
            for c in original.chunks
        )
        renamed = {old.id: new.id for old, new in zip(original.chunks, chunks, strict=True)}
        passages = [c.passage(title) for c in chunks]
        document = Document(
            collection=self._collection, key=key, uri=f"copy:{key}", principals=principals_of(level),
            media_type="text/plain", title=title, text=text, blocks=(), language=original.language, metadata={},
            content_hash=b"",
        )  # fmt: skip
        shares = (
            (original.chunk_vectors, stranger.chunk_vectors),
            (original.sentence_vectors, stranger.sentence_vectors),
        )
        chunk_vectors, sentence_vectors = (own if copy == 0 else _between(own, other) for own, other in shares)
        return DocumentDelta(
            collection=self._collection, key=key, uri=document.uri, principals=document.principals,
            content_hash=_digest(key), options_hash=b"copy", outcome=Outcome.INDEXED, document=document, chunks=chunks,
            terms=tuple(chunk_terms(p, c.language) for p, c in zip(passages, chunks, strict=True)),
            names=tuple(
                replace(n, norm=normalise(spell(n.norm)), surface=spell(n.surface), signature=spell(n.signature),
                        chunk_id=renamed.get(n.chunk_id) if n.chunk_id is not None else None)
                for n in original.names
            ),
            chunk_vectors=chunk_vectors.astype(np.float16), sentence_vectors=sentence_vectors.astype(np.float16),
            chunk_hashes=tuple(map(_digest, passages)),
            sentence_hashes=tuple(_digest(f"{key} {n}") for n in range(len(sentence_vectors))),
        )  # fmt: skip


def first_chunks(copyist: Copyist, chunks: int) -> Iterator[tuple[int, list[DocumentDelta]]]:
    """Copies, each as its documents, until there are so many chunks."""
    copy = 0
    while chunks > 0:
        taken: list[DocumentDelta] = []
        for delta in copyist.deltas(copy):
            if chunks <= 0:
                break
            chunks -= len(delta.chunks)
            taken.append(delta)
        yield copy, taken
        copy += 1


def reader(level: int) -> Caller:
    """Who reads documents up to that level."""
    return Caller(subject=f"user:level-{level}", principals=tuple(sorted(("public", f"group:level-{level}"))))


def principals_of(level: int) -> tuple[str, ...]:
    """Who reads documents of that level."""
    return tuple(f"group:level-{n}" for n in range(level, LEVELS))


def _spelling(copy: int) -> dict[int, int]:
    """Other letters for a copy: vowels for vowels, consonants for consonants."""
    chance = random.Random(copy)
    table: dict[int, int] = {}
    for letters in ("aeiou", "bcdfghjklmnpqrstvwxyz"):
        others = list(letters)
        chance.shuffle(others)
        table |= str.maketrans(letters + letters.upper(), "".join(others) + "".join(others).upper())
    return table


def _between(own: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    places = np.arange(len(own)) % len(other)
    mixed = (1 - _STRANGE) * own + _STRANGE * other[places]
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]
