"""Reading one document: its mentions, and what its claims and equivalences are about. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from kgqa.ingest.annotate import annotate, choose_sense, own_senses, subject_norms, title_norms
from kgqa.model.identity import alias_id, name_id
from kgqa.model.mention import Mention, NameSupport
from kgqa.text.gazetteer import Gazetteer
from kgqa.text.names import normalise


class ChunkRow(NamedTuple):
    """A chunk as the record gives it for reading."""

    id: int
    acl_class: int
    text: str
    heading_path: list[str]
    row_key: str | None
    title: str


class Support(NamedTuple):
    """How well a document supports a sense."""

    surface: str
    #: mentions in its texts, not counting titles
    mentions: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one document says, in ids of the record."""

    document_id: int
    acl_class: int
    chunks: tuple[int, ...]
    #: (chunk, start, end, name, alias, is_title)
    mentions: tuple[tuple[int, int, int, int, int, bool], ...]
    #: (alias, name, norm, type, signature)
    aliases: frozenset[tuple[int, int, str, str, str]]
    support: Mapping[int, Support]
    #: (claim, version, subject alias, object alias)
    claim_senses: tuple[tuple[int, int, int | None, int | None], ...]
    #: (smaller alias, greater alias, chunk)
    stated: tuple[tuple[int, int, int], ...]


def read(
    collection: str,
    document: int,
    chunks: Sequence[ChunkRow],
    supports: Sequence[NameSupport],
    claims: Sequence[tuple[int, ...]],
    equivalences: Sequence[tuple[int, str, str]],
    gazetteer: Gazetteer,
) -> Reading:
    """Read a document with the names that its readers may know."""
    found = [(chunk, m) for chunk in chunks for m in _annotate(chunk, supports, gazetteer)]
    senses = _Senses(collection, found, supports, gazetteer)
    return Reading(
        document_id=document,
        acl_class=chunks[0].acl_class,
        chunks=tuple(c.id for c in chunks),
        mentions=tuple(
            (m.chunk_id, m.start, m.end, _name(collection, m.norm), _alias(collection, m), m.is_title) for _, m in found
        ),
        aliases=frozenset(
            (_alias(collection, m), _name(collection, m.norm), m.norm, m.type, m.signature) for _, m in found
        ),
        support=_support(collection, found, supports),
        claim_senses=tuple(
            (claim, version, senses.of(subject, chunk, start, end), senses.of(object_, chunk, start, end))
            for claim, version, chunk, start, end, subject, object_ in claims
        ),
        stated=_stated(senses, equivalences),
    )


def _annotate(chunk: ChunkRow, supports: Sequence[NameSupport], gazetteer: Gazetteer) -> list[Mention]:
    titles = title_norms(chunk.title, chunk.heading_path, chunk.row_key, gazetteer)
    titles += tuple(norm for norm in subject_norms(supports) if norm in gazetteer)
    return annotate(chunk.id, chunk.text, titles, gazetteer, own_senses(supports, chunk.id))


class _Senses:
    """Which sense a name has at a place of the document, by the mentions there."""

    def __init__(
        self,
        collection: str,
        found: Sequence[tuple[ChunkRow, Mention]],
        supports: Sequence[NameSupport],
        gazetteer: Gazetteer,
    ) -> None:
        self._collection, self._supports, self._gazetteer = collection, supports, gazetteer
        self._at: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for chunk, m in found:
            alias = _alias(collection, m)
            for norm in {m.norm, _norm(chunk.text[m.start : m.end])} - {""}:
                place = self._at.setdefault((m.chunk_id, _name(collection, norm)), [])
                place.append((m.start, m.end, alias))

    def of(self, name: int, chunk: int, start: int = 0, end: int | None = None) -> int | None:
        """Alias of the first mention of the name inside the span, else of the first in the chunk, else None."""
        places = self._at.get((chunk, name), [])
        inside = [alias for s, e, alias in places if end is not None and start <= s < e <= end]
        return inside[0] if inside else places[0][2] if places else None

    def stated(self, norm: str, chunk: int) -> int | None:
        """The same for a name that the chunk speaks of and need not hold: then the sense it would have there."""
        mentioned = self.of(_name(self._collection, norm), chunk)
        if mentioned is not None or norm not in self._gazetteer:
            return mentioned
        return _alias_of(
            self._collection, norm, *choose_sense(norm, self._gazetteer, own_senses(self._supports, chunk))
        )


def _support(
    collection: str, found: Sequence[tuple[ChunkRow, Mention]], supports: Sequence[NameSupport]
) -> dict[int, Support]:
    written: dict[str, Counter[str]] = {}
    for support in supports:
        written.setdefault(support.norm, Counter())[support.surface] += 1
    surfaces: dict[int, Counter[str]] = {}
    mentions: Counter[int] = Counter()
    chunks: dict[int, set[int]] = {}
    norms: dict[int, str] = {}
    for chunk, m in found:
        alias = _alias(collection, m)
        norms[alias] = m.norm
        chunks.setdefault(alias, set()).add(m.chunk_id)
        if not m.is_title:
            mentions[alias] += 1
            surface = chunk.text[m.start : m.end]
            if _norm(surface) == m.norm:
                surfaces.setdefault(alias, Counter())[surface] += 1
    return {
        alias: Support(
            _most_common(surfaces.get(alias) or written.get(norm) or Counter([norm])),
            mentions[alias],
            len(chunks[alias]),
        )
        for alias, norm in norms.items()
    }


def _stated(senses: _Senses, equivalences: Sequence[tuple[int, str, str]]) -> tuple[tuple[int, int, int], ...]:
    links: set[tuple[int, int, int]] = set()
    for chunk, left, right in equivalences:
        pair = senses.stated(left, chunk), senses.stated(right, chunk)
        if pair[0] is not None and pair[1] is not None and pair[0] != pair[1]:
            links.add((min(pair[0], pair[1]), max(pair[0], pair[1]), chunk))
    return tuple(sorted(links))


def _most_common(counts: Counter[str]) -> str:
    return min(counts, key=lambda surface: (-counts[surface], surface))


@lru_cache(maxsize=200_000)
def _norm(surface: str) -> str:
    return normalise(surface)


@lru_cache(maxsize=200_000)
def _name(collection: str, norm: str) -> int:
    return name_id(collection, norm)


def _alias(collection: str, m: Mention) -> int:
    return _alias_of(collection, m.norm, m.type, m.signature)


@lru_cache(maxsize=200_000)
def _alias_of(collection: str, norm: str, type_: str, signature: str) -> int:
    return alias_id(collection, norm, type_, signature)
