"""The projector: keeps Neo4j equal to the record, piece by piece, or all of it again.

A piece is what hangs on one dirty key:

    document    its node, its live chunks, their mentions and claims
    name        what the name refers to
    entity      its node, the names that refer to it, its relations

A piece is replaced by what the record says now, never patched, so any order, any number of times and a crash anywhere
are harmless. Whatever a document, name or entity shares with others (the nodes at the other end) is made where it
is missing, and removed once nothing is connected with it. A generation without its Projection node has never been
projected as a whole (a new server, a rebuild that was cut off): it is rebuilt first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TypeVar

from neo4j import Driver, ManagedTransaction, Session

from kgqa.adapters.neo4j.admin import wipe
from kgqa.adapters.neo4j.content import KINDS, Kind, Row, named, referred
from kgqa.adapters.neo4j.driver import neo4j_errors, run
from kgqa.adapters.neo4j.record import DirtyKey, Pool, Snapshot, projecting

#: keys per transaction, and rows above which a transaction is split; both keep it inside a heap of 512 MB
KEYS = 500
ROWS = 40_000
#: rows per statement
UNWOUND_ROWS = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The current state of some keys of one generation."""

    generation: int
    documents: Sequence[int]
    names: Sequence[int]
    entities: Sequence[int]
    rows: Mapping[Kind, Sequence[Row]]

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(map(len, self.rows.values()))


class Projector:
    """Reads the record, writes Neo4j."""

    def __init__(self, driver: Driver, record_pool: Pool) -> None:
        self._driver = driver
        self._pool = record_pool

    def project(self, limit: int) -> int:
        """Settle up to `limit` of the oldest dirty keys; how many were settled. Waits for another projector."""
        with projecting(self._pool) as record, neo4j_errors(), self._driver.session() as session:
            settled = sum(self._rebuild(record, session, generation) for generation in _unfinished(record, session))
            dirty = record.dirty(limit)
            keys = sorted(set(dirty.values()), key=lambda key: (key.generation, key.kind, key.key))
            for generation, group in groupby(keys, key=lambda key: key.generation):
                for batch in _batches(group, KEYS):
                    _replace(record, session, generation, batch)
            record.settle(dirty.keys())
        return settled + len(keys)

    def rebuild(self, generation: int) -> None:
        """Drop a generation and project all of it. Readers see it grow meanwhile."""
        with projecting(self._pool) as record, neo4j_errors(), self._driver.session() as session:
            self._rebuild(record, session, generation)

    def _rebuild(self, record: Snapshot, session: Session, generation: int) -> int:
        wipe(self._driver, generation)
        for kind in KINDS:
            for rows in _batches(record.everything(generation, kind), UNWOUND_ROWS):
                session.execute_write(_put, generation, kind, rows)
        for kind in ("names", "entities"):
            for rows in _batches(record.everything(generation, kind), UNWOUND_ROWS):
                session.execute_write(_prune, generation, kind, [row[0] for row in rows])
        session.execute_write(lambda tx: run(tx, "ingest/finish_rebuild", generation=generation).consume())
        return record.settle_generation(generation)


def _unfinished(record: Snapshot, session: Session) -> list[int]:
    """Generations that were never projected as a whole."""
    wanted = record.generations()
    done = session.execute_read(lambda tx: run(tx, "inspect/projections", generations=wanted).single(strict=True)[0])
    return [generation for generation in wanted if generation not in done]


def _replace(record: Snapshot, session: Session, generation: int, keys: Sequence[DirtyKey]) -> None:
    """Replace some pieces in one transaction, or in two where they are too large together."""
    pieces = _read(record, generation, keys)
    if pieces.size <= ROWS or len(keys) == 1:
        session.execute_write(_write, pieces)
        return
    middle = len(keys) // 2
    _replace(record, session, generation, keys[:middle])
    _replace(record, session, generation, keys[middle:])


def _read(record: Snapshot, generation: int, keys: Sequence[DirtyKey]) -> Pieces:
    documents, names, entities = (
        [key.key for key in keys if key.kind == kind] for kind in ("document", "name", "entity")
    )
    rows: dict[Kind, Sequence[Row]] = {}
    if documents:
        for kind in ("documents", "chunks", "mentions", "claims"):
            rows[kind] = record.part(generation, kind, ids=documents)
    if names or entities:
        rows["references"] = record.part(generation, "references", names=names, entities=entities)
    if entities:
        rows["relations"] = record.part(generation, "relations", entities=entities)
    rows["names"] = record.part(generation, "names", ids=list(named(rows)))
    rows["entities"] = record.part(generation, "entities", ids=list(referred(rows)))
    return Pieces(generation=generation, documents=documents, names=names, entities=entities, rows=rows)


def _write(tx: ManagedTransaction, pieces: Pieces) -> None:
    """Remove the old state of the pieces, write the new one, remove what was left alone."""
    generation = pieces.generation
    names, entities = set(pieces.names), set(pieces.entities)
    if pieces.documents:
        names.update(_clear(tx, "documents", generation, pieces.documents)["names"])
    if pieces.names:
        entities.update(_clear(tx, "names", generation, pieces.names)["entities"])
    if pieces.entities:
        others = _clear(tx, "entities", generation, pieces.entities)
        names.update(others["names"])
        entities.update(others["entities"])
    for kind in KINDS:
        _put(tx, generation, kind, pieces.rows.get(kind, ()))
    _prune(tx, generation, "names", list(names))
    _prune(tx, generation, "entities", list(entities))


def _clear(tx: ManagedTransaction, kind: str, generation: int, ids: Sequence[int]) -> Mapping[str, list[int]]:
    record = run(tx, f"ingest/clear_{kind}", generation=generation, ids=ids).single(strict=True)
    return {name: record[name] for name in record.keys()}  # noqa: SIM118 (a record iterates over values)


def _put(tx: ManagedTransaction, generation: int, kind: Kind, rows: Sequence[Row]) -> None:
    for part in _batches(rows, UNWOUND_ROWS):
        run(tx, f"ingest/put_{kind}", generation=generation, rows=[list(row) for row in part]).consume()


def _prune(tx: ManagedTransaction, generation: int, kind: Kind, ids: Sequence[int]) -> None:
    if ids:
        run(tx, f"ingest/prune_{kind}", generation=generation, ids=ids).consume()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
