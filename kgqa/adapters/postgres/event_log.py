"""What of a stream was applied: registers of documents, batches, dead letters, and the files of watched folders.

A batch is published in one transaction with the registers that it moves and the record that it was applied, so that
it takes effect once however often it is tried (kgqa/ingest/events.py says what the registers are).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.document_store import start_run_within
from kgqa.adapters.postgres.hiding import hide
from kgqa.adapters.postgres.pool import Connection, Pool, connected, transaction
from kgqa.adapters.postgres.publish import lock_collection, publish
from kgqa.adapters.postgres.stage import open_run, stage_deletions
from kgqa.adapters.postgres.stage_access import stage_access
from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict
from kgqa.ingest.events import Registers
from kgqa.model.delta import DeltaReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is recorded of a batch in one collection."""

    #: of the streaming query, or of the watched folder
    query: str
    number: int
    collection_id: int
    #: what it is called in metrics
    stream: str
    outcomes: Mapping[str, int]
    #: oldest event: seconds between its time and this record; None: no event has a time
    lag_seconds: float | None = None
    registers: Mapping[str, Registers] = field(default_factory=dict[str, Registers])
    #: files of a watched folder that were read, and keys of those that left
    folder: str = ""
    files: Sequence[WatchedFile] = ()
    gone: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFile:
    """A file of a watched folder as it was when it was read."""

    key: str
    path: bytes
    size: int
    modified_ns: int
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that cannot be used."""

    topic: str
    partition: int
    offset: int
    digest: bytes
    reason: str


class PostgresEventLog:
    """Streams in the record (role `kgqa_pipeline`)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def is_applied(self, query: str, number: int, collection_id: int) -> bool:
        """Whether this batch has taken effect in this collection."""
        bound = {"query": query, "batch": number, "collection": collection_id}
        with connected(self._pool) as connection:
            return connection.execute(load("events")["is_applied"], bound).fetchone() is not None

    def registers(self, collection_id: int, keys: Iterable[str]) -> Mapping[str, Registers]:
        """What was applied to these documents; keys of which nothing is known are absent."""
        bound = {"collection": collection_id, "keys": sorted(set(keys))}
        with connected(self._pool) as connection:
            return {
                row[0]: Registers(
                    content_version=row[1], access_version=row[2], principals=tuple(row[3]), is_there=row[4]
                )
                for row in connection.execute(load("events")["registers"], bound)
            }

    def begin(
        self, run: int, *, upserts: Iterable[str], deletions: Sequence[str], access: Mapping[str, Sequence[str]]
    ) -> None:
        """Make the run hold these changes and no others: staged rows of an interrupted try stay where they are wanted.

        The documents of `upserts` are staged afterwards.
        """
        sql = load("events")
        with transaction(self._pool) as connection:
            opened = open_run(connection, run)
            lock_collection(connection, opened.collection_id, shared=True)
            connection.execute(sql["drop_other_versions"], {"run": run, "keys": list(upserts)})
            connection.execute(sql["forget_deletions"], {"run": run})
            stage_deletions(connection, opened, deletions)
            if access:
                stage_access(connection, opened, access)

    def failed(self, run: int) -> Mapping[str, str]:
        """By key why documents that the run holds could not be read."""
        with connected(self._pool) as connection:
            rows = connection.execute(load("events")["failed"], {"run": run})
            return {row[0]: row[1] for row in rows}

    def publish(self, run: int | None, batch: Batch) -> DeltaReport:
        """Publish the run (None: nothing changed) and record the batch, in one transaction; entities are left waiting.

        Raises Conflict when another stream moved the same documents meanwhile: decide about the batch again.
        """
        with transaction(self._pool) as connection:
            lock_collection(connection, batch.collection_id)
            self._move_registers(connection, batch)
            report = publish(connection, run, resolve=False) if run is not None else DeltaReport()
            _record(connection, run, batch)
            return report

    def take_away(
        self, collection: str, batch: Batch, *, deletions: Sequence[str], access: Mapping[str, Sequence[str]]
    ) -> None:
        """Hide what is deleted (`remove_hidden` removes it) and change readers, in one transaction. Raises Conflict.

        Without a change of readers it waits for nobody who publishes.
        """
        with transaction(self._pool) as connection:
            if access:
                lock_collection(connection, batch.collection_id)
            self._move_registers(connection, batch)
            hide(connection, batch.collection_id, deletions)
            run = None
            if access:
                run = start_run_within(connection, collection, {"stream": batch.query}, None, resume=False)
                stage_access(connection, open_run(connection, run), access)
                publish(connection, run, resolve=False)
            _record(connection, run, batch)

    def totals(self) -> Mapping[tuple[str, str], tuple[int, float | None]]:
        """By stream and outcome the number of events so far, and the lag of the last batch in seconds."""
        with connected(self._pool) as connection:
            rows = connection.execute(load("events")["totals"])
            return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def sent(self, letters: Sequence[DeadLetter]) -> frozenset[tuple[int, int]]:
        """Partition and offset of those that were sent before; all letters are of one topic."""
        if not letters:
            return frozenset()
        with connected(self._pool) as connection:
            return frozenset(connection.execute(load("events")["sent"], _letters(letters)).fetchall())  # type: ignore[arg-type]

    def add_sent(self, letters: Sequence[DeadLetter]) -> None:
        """These are in the dead-letter topic now."""
        if letters:
            with transaction(self._pool) as connection:
                connection.execute(load("events")["add_sent"], _letters(letters))

    def watched(
        self, collection_id: int, folder: str, *, below: Sequence[str] | None = None
    ) -> Mapping[str, WatchedFile]:
        """By key the files of a watched folder as they were read last; `below`: only those at or below these keys."""
        bound = {"collection": collection_id, "uri": folder, "below": None if below is None else list(below)}
        with connected(self._pool) as connection:
            return {
                row[0]: WatchedFile(key=row[0], path=row[1], size=row[2], modified_ns=row[3], principals=tuple(row[4]))
                for row in connection.execute(load("watching")["watched"], bound)
            }

    def last_batch(self, query: str) -> int:
        """Number of the youngest batch of a query; -1: there is none."""
        with connected(self._pool) as connection:
            row = connection.execute(load("events")["last_batch"], {"query": query}).fetchone()
        return row[0] if row and row[0] is not None else -1

    def _move_registers(self, connection: Connection, batch: Batch) -> None:
        moved = batch.registers
        if not moved:
            return
        bound = {
            "collection": batch.collection_id,
            "keys": list(moved),
            "contents": [state.content_version for state in moved.values()],
            "accesses": [state.access_version for state in moved.values()],
            "principals": json.dumps([state.principals for state in moved.values()]),
        }
        if connection.execute(load("events")["move_registers"], bound).rowcount != len(moved):
            raise Conflict("Another stream changed the same documents meanwhile.", hint="the batch is tried again.")


def _record(connection: Connection, run: int | None, batch: Batch) -> None:
    sql = load("events")
    bound = {
        "query": batch.query,
        "batch": batch.number,
        "collection": batch.collection_id,
        "stream": batch.stream,
        "run": run,
        "outcomes": Jsonb(dict(batch.outcomes)),
        "lag": batch.lag_seconds,
    }
    for statement in ("add_batch", "drop_batches", "add_totals"):
        connection.execute(sql[statement], bound)
    _watch(connection, batch)


def _watch(connection: Connection, batch: Batch) -> None:
    sql = load("watching")
    place = {"collection": batch.collection_id, "uri": batch.folder}
    if batch.files:
        files = batch.files
        connection.execute(
            sql["watch"],
            {
                **place,
                "keys": [file.key for file in files],
                "paths": [file.path for file in files],
                "sizes": [file.size for file in files],
                "times": [file.modified_ns for file in files],
                "principals": json.dumps([file.principals for file in files]),
            },
        )
    if batch.gone:
        connection.execute(sql["unwatch"], {**place, "keys": list(batch.gone)})


def _letters(letters: Sequence[DeadLetter]) -> dict[str, object]:
    return {
        "topic": letters[0].topic,
        "partitions": [letter.partition for letter in letters],
        "offsets": [letter.offset for letter in letters],
        "digests": [letter.digest for letter in letters],
        "reasons": [letter.reason for letter in letters],
    }
