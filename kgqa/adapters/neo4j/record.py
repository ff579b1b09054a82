"""The record, as the projector reads it: one snapshot, and the dirty keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, LiteralString, cast

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from kgqa.adapters.neo4j.content import KINDS, Content, Kind, Row, canonical
from kgqa.errors import DependencyUnavailable

Connection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[Connection]
FETCHED_ROWS = 10_000


@cache
def _statements() -> dict[str, LiteralString]:
    text = resources.files("kgqa.adapters.neo4j").joinpath("record.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: cast("LiteralString", body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyKey:
    """A piece of the graph that has to be read again."""

    generation: int
    #: `document`, `name` or `entity`
    kind: str
    key: int


class Snapshot:
    """One state of the record. Everything read from it belongs together; what is settled, is when it ends well."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def generations(self) -> list[int]:
        """Generations that have to be in the graph."""
        return [row[0] for row in self._execute("generations")]

    def dirty(self, limit: int) -> dict[int, DirtyKey]:
        """The oldest dirty rows by their seq."""
        rows = self._execute("dirty", limit=limit)
        return {seq: DirtyKey(generation=generation, kind=kind, key=key) for seq, generation, kind, key in rows}

    def settle(self, seqs: Collection[int]) -> None:
        """Forget these dirty rows."""
        self._execute("settle", seqs=list(seqs))

    def settle_generation(self, generation: int) -> int:
        """Forget all dirty rows of a generation; how many there were."""
        return self._execute("settle_generation", generation=generation).rowcount

    def part(self, generation: int, kind: Kind, **ids: Sequence[int]) -> list[Row]:
        """The rows that hang on some ids. `ids`: the parameters of the statement `rows_KIND`."""
        return self._execute(f"rows_{kind}", generation=generation, **ids).fetchall()

    def everything(self, generation: int, kind: Kind) -> Iterator[Row]:
        """All rows of a kind, streamed."""
        self._execute("read_whole")
        with self._connection.cursor(name=f"rows_{kind}") as cursor:
            cursor.itersize = FETCHED_ROWS
            parameters = {"generation": generation, "ids": None, "names": None, "entities": None}
            yield from cursor.execute(_statements()[f"rows_{kind}"], parameters)

    def content(self, generation: int) -> Content:
        """What the graph should hold of a generation. Sized like the collection: for checks and tests."""
        return canonical({kind: list(self.everything(generation, kind)) for kind in KINDS})

    def _execute(self, name: str, **parameters: object) -> psycopg.Cursor[tuple[Any, ...]]:
        # Not prepared: "NULL means everything" is only planned well for the values at hand.
        return self._connection.execute(_statements()[name], parameters, prepare=False)


@contextmanager
def projecting(pool: Pool) -> Generator[Snapshot]:
    """A snapshot that no other projector works beside. Waits for its turn."""
    with _record_errors(), pool.connection() as connection:
        connection.execute(_statements()["lock"])
        try:
            with connection.transaction():
                connection.execute(_statements()["snapshot"])
                yield Snapshot(connection)
        finally:
            with suppress(psycopg.OperationalError):  # a lost session has lost its lock
                connection.execute(_statements()["unlock"])


@contextmanager
def snapshot(pool: Pool) -> Generator[Snapshot]:
    """A snapshot to look at."""
    with _record_errors(), pool.connection() as connection, connection.transaction():
        connection.execute(_statements()["snapshot"])
        yield Snapshot(connection)


@contextmanager
def _record_errors() -> Generator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed, TooManyRequests) as problem:
        raise DependencyUnavailable(f"PostgreSQL does not answer: {problem}", hint="run `kgqa status`.") from problem
