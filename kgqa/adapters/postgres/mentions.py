"""Mentions in the record: reading live documents again with the names that their readers may know.

A document is read as a whole. That gives its mentions, the senses that its claims and stated equivalences are about,
and how well it supports each sense.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kgqa.adapters.postgres.names import Scope, load_gazetteer
from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.reading import ChunkRow, Reading, read
from kgqa.adapters.postgres.stage import copy, insert
from kgqa.adapters.postgres.statements import load
from kgqa.model.mention import NameSource, NameSupport
from kgqa.text.gazetteer import Gazetteer

#: documents that are read at once
BATCH = 1_000
#: from this many documents on, all names are loaded instead of those that the texts can hold
MANY_DOCUMENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Some documents with what they say by themselves, by document."""

    chunks: Mapping[int, Sequence[ChunkRow]]
    supports: Mapping[int, Sequence[NameSupport]]
    claims: Mapping[int, Sequence[tuple[int, ...]]]
    #: (chunk, one name, other name)
    equivalences: Mapping[int, Sequence[tuple[int, str, str]]]

    def texts(self, documents: Sequence[int]) -> list[str]:
        """All that names of these documents are found in, without repeats."""
        chunks = (c for d in documents for c in self.chunks[d])
        found = [text for c in chunks for text in (c.text, c.title, *c.heading_path, c.row_key or "")]
        stated = [norm for d in documents for _, *pair in self.equivalences.get(d, ()) for norm in pair]
        return list(dict.fromkeys(found + stated))


@dataclass(slots=True)
class _Gazetteers:
    """Gazetteers by class: whole ones are kept, small ones are made for each batch."""

    connection: Connection
    scope: Scope
    is_whole: bool
    kept: dict[int, Gazetteer] = field(default_factory=dict[int, Gazetteer])

    def of(self, reader: int, batch: _Batch, documents: Sequence[int]) -> Gazetteer:
        if not self.is_whole:
            return load_gazetteer(self.connection, self.scope, reader, batch.texts(documents))
        if reader not in self.kept:
            self.kept[reader] = load_gazetteer(self.connection, self.scope, reader)
        return self.kept[reader]


def annotate_documents(connection: Connection, scope: Scope, activated: Sequence[int], affected: Sequence[int]) -> int:
    """Write what these live documents mention; number of chunks of the affected (old) ones.

    Fills `found_alias`, and `alias` with those that are new.
    """
    sql = load("mentions")
    parameters = {**scope.parameters, "documents": list(affected)}
    for statement in ("forget", "forget_mentions", "forget_alias_support"):
        connection.execute(sql[statement], parameters)
    documents = [*activated, *affected]
    gazetteers = _Gazetteers(connection, scope, len(documents) > MANY_DOCUMENTS)
    aliases: set[tuple[int, int, str, str, str]] = set()
    old, reread = frozenset(affected), 0
    for start in range(0, len(documents), BATCH):
        batch = _load(connection, scope, documents[start : start + BATCH])
        readings = list(_read(scope, batch, gazetteers))
        _write(connection, scope, readings)
        aliases.update(alias for reading in readings for alias in reading.aliases)
        reread += sum(len(reading.chunks) for reading in readings if reading.document_id in old)
    copy(connection, "mentions", "copy_found_alias", "int8 int8 text text text", sorted(aliases))
    connection.execute(sql["set_claim_senses"], parameters)
    connection.execute(sql["add_aliases"], parameters)
    return reread


def _load(connection: Connection, scope: Scope, documents: Sequence[int]) -> _Batch:
    sql = load("mentions")
    parameters = {**scope.parameters, "documents": list(documents)}

    def grouped(statement: str) -> dict[int, list[Any]]:
        groups: dict[int, list[Any]] = {}
        for row in connection.execute(sql[statement], parameters):
            groups.setdefault(row[0], []).append(row[1:])
        return groups

    return _Batch(
        chunks={d: [ChunkRow(*row) for row in rows] for d, rows in grouped("chunks").items()},
        supports={d: [_support(row) for row in rows] for d, rows in grouped("supports").items()},
        claims=grouped("claims"),
        equivalences=grouped("equivalences"),
    )


def _support(row: tuple[str, str, str, str, str, int | None]) -> NameSupport:
    norm, surface, type_, source, signature, chunk = row
    return NameSupport(
        norm=norm, surface=surface, type=type_, source=NameSource(source), signature=signature, chunk_id=chunk
    )


def _read(scope: Scope, batch: _Batch, gazetteers: _Gazetteers) -> Iterator[Reading]:
    by_class: dict[int, list[int]] = {}
    for document, chunks in batch.chunks.items():
        by_class.setdefault(chunks[0].acl_class, []).append(document)
    for reader, documents in sorted(by_class.items()):
        gazetteer = gazetteers.of(reader, batch, documents)
        for document in documents:
            yield read(
                scope.collection,
                document,
                batch.chunks[document],
                batch.supports.get(document, ()),
                batch.claims.get(document, ()),
                batch.equivalences.get(document, ()),
                gazetteer,
            )


def _write(connection: Connection, scope: Scope, readings: Sequence[Reading]) -> None:
    generation, collection = scope.generation, scope.collection_id
    insert(
        connection, "mentions", "mention", "int4 int8 int4 int4 int8 int8 bool int4 int8 int4",
        ((generation, *m, collection, r.document_id, r.acl_class) for r in readings for m in r.mentions),
    )  # fmt: skip
    insert(
        connection, "mentions", "alias_support", "int4 int8 int8 int4 text int4 int4",
        ((generation, a, r.document_id, r.acl_class, *s) for r in readings for a, s in r.support.items()),
    )  # fmt: skip
    copy(
        connection, "mentions", "copy_claim_sense", "int8 int8 int8 int8",
        (row for r in readings for row in r.claim_senses),
    )  # fmt: skip
    insert(
        connection, "mentions", "resolution_decision", "int4 int4 int8 int8 text float4 int8 int4",
        ((generation, collection, left, right, "stated", 1.0, chunk, r.acl_class)
         for r in readings for left, right, chunk in r.stated),
    )  # fmt: skip
