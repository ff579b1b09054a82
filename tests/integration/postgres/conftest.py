"""Small documents for tests of the record, made without models: names are runs of capitalised words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.pool import open_pool
from kgqa.ingest.annotate import title_names
from kgqa.ingest.chunk import ChunkOptions, chunk
from kgqa.ingest.dedupe import minhash
from kgqa.model.delta import DeltaReport, DocumentDelta, IngestDelta
from kgqa.model.document import Block, Chunk, Document, Outcome
from kgqa.model.mention import Claim, Equivalence, NameSource, NameSupport
from kgqa.text.names import normalise
from kgqa.text.terms import chunk_terms

COLLECTION = "lake"
DIMENSIONS = 384
OPTIONS = b"options"
_NAME = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)*")
_ACRONYM = re.compile(r"([A-Z]\w+(?: [A-Z]\w+)+) \(([A-Z]{2,6})\)")
_VERB = re.compile(r"\b([A-Z]\w+(?: [A-Z]\w+)*) (makes|replaces) ([A-Z]\w+(?: [A-Z]\w+)*)")


def vector(text: str) -> np.ndarray:
    """A unit vector that depends on the words of a text."""
    total = np.zeros(DIMENSIONS, np.float32)
    for word in re.findall(r"\w+", text.lower()):
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little")
        total += np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32)
    return (total / (np.linalg.norm(total) or 1.0)).astype(np.float32)


def _claims(c: Chunk) -> list[Claim]:
    return [
        Claim(
            chunk_id=c.id, start=s.start, end=s.end, subject=normalise(subject), predicate=verb.rstrip("s"),
            object=normalise(object_),
        )
        for s in c.sentences
        for subject, verb, object_ in _VERB.findall(c.text[s.start : s.end])
    ]  # fmt: skip


def make_delta(
    key: str,
    text: str,
    *,
    title: str | None = None,
    principals: Sequence[str] = ("public",),
    headings: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    language: str = "en",
    collection: str = COLLECTION,
    dictionary: Mapping[str, str] | None = None,
) -> DocumentDelta:
    """A document in paragraphs (parted by empty lines, each its own chunk) as ingest would deliver it.

    `dictionary`: names by what else they are called.
    """
    title = title or key
    blocks, start = [], 0
    for paragraph in text.split("\n\n"):
        blocks.append(Block(start=start, end=start + len(paragraph), kind="paragraph", heading_path=(title, *headings)))
        start += len(paragraph) + 2
    document = Document(
        collection=collection, key=key, uri=f"file:///{key}", principals=tuple(principals), media_type="text/plain",
        title=title, text=text, blocks=tuple(blocks), language=language, metadata={"author": "Test"},
        content_hash=b"",
    )  # fmt: skip
    chunks = chunk(document, ChunkOptions(target_tokens=20, max_tokens=40, tiny_tokens=0))
    texts = [c.passage(title) for c in chunks]
    sentences = [f"{c.context(title)}: {c.text[s.start : s.end]}" for c in chunks for s in c.sentences]
    names = [NameSupport(norm=n, surface=title, type="", source=NameSource.TITLE) for n in title_names(title)]
    equivalences, claims = [], list[Claim]()
    for c in chunks:
        names += [
            NameSupport(norm=normalise(heading), surface=heading, type="", source=NameSource.HEADING, chunk_id=c.id)
            for heading in headings
        ]
        for surface in _NAME.findall(c.text):
            type_ = (types or {}).get(surface, "ORG")
            names.append(
                NameSupport(norm=normalise(surface), surface=surface, type=type_, source=NameSource.NER, chunk_id=c.id)
            )
        for alias, name in (dictionary or {}).items():
            if alias in c.text:
                equivalences.append(Equivalence(left=normalise(alias), right=normalise(name), chunk_id=c.id))
        for left, right in _ACRONYM.findall(c.text):
            equivalences.append(Equivalence(left=normalise(left), right=normalise(right), chunk_id=c.id))
        claims += _claims(c)
    envelope = f"{text}|{title}|{sorted(principals)}|{headings}".encode()
    return DocumentDelta(
        collection=collection, key=key, uri=document.uri, principals=tuple(principals),
        content_hash=hashlib.sha256(envelope).digest(), options_hash=OPTIONS, outcome=Outcome.INDEXED,
        raw=text.encode(), document=document, chunks=chunks,
        terms=tuple(chunk_terms(t, c.language) for t, c in zip(texts, chunks, strict=True)),
        names=tuple(dict.fromkeys(names)), equivalences=tuple(equivalences), claims=tuple(claims),
        chunk_vectors=np.stack([vector(t) for t in texts]).astype(np.float16),
        sentence_vectors=np.stack([vector(t) for t in sentences]).astype(np.float16),
        chunk_hashes=tuple(hashlib.sha256(t.encode()).digest()[:16] for t in texts),
        sentence_hashes=tuple(hashlib.sha256(t.encode()).digest()[:16] for t in sentences),
        signature=minhash(text),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lake:
    """A collection that tests put documents into and take documents out of."""

    store: PostgresDocumentStore
    pools: Any

    def put(self, *deltas: DocumentDelta) -> DeltaReport:
        return self.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=deltas))

    def delete(self, *keys: str) -> DeltaReport:
        return self.store.apply_delta(IngestDelta(collection=COLLECTION, deletions=keys))


@pytest.fixture
def store(pools) -> PostgresDocumentStore:
    return PostgresDocumentStore(pools.pipeline)


@pytest.fixture
def lake(store: PostgresDocumentStore, pools) -> Lake:
    return Lake(store, pools)


@pytest.fixture
def other_lake(make_database) -> Iterator[Lake]:
    """A second lake on a database of its own, to compare with."""
    database = make_database()
    with open_pool(database.app_url, 4) as app, open_pool(database.pipeline_url, 4) as pipeline:
        yield Lake(PostgresDocumentStore(pipeline), SimpleNamespace(app=app, pipeline=pipeline))


@pytest.fixture
def delta() -> Callable[..., DocumentDelta]:
    """`make_delta`, for test modules."""
    return make_delta


@pytest.fixture
def embed() -> Callable[[str], np.ndarray]:
    """`vector`, for test modules."""
    return vector
