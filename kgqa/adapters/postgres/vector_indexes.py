"""HNSW indexes for generations too large to compare every vector. Run as `kgqa_owner`, beside the running system."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from kgqa.adapters.postgres.search_index import EXACT_CHUNKS
from kgqa.adapters.postgres.statements import load
from kgqa.errors import DependencyUnavailable

#: neighbours of a vector on each layer, and candidates for them while building; pgvector's own 16 and 64 leave out
#: 3 to 5 % of the nearest among 100,000 chunks, these 1 % in the same time (docs/performance.md)
OPTIONS: tuple[LiteralString, ...] = ("m=24", "ef_construction=128")
#: what a build keeps of each vector beside the vector itself: its node and the lists of its neighbours
NODE_BYTES = 1100
#: a build that does not fit into memory takes many times as long; more than this is not taken
MOST_MEMORY = 2 << 30
_POLL_SECONDS = 1.0

#: is told the index that is being made and how much of its table is in it, 0 to 1
Watcher = Callable[[str, float], None]


def ensure_vector_indexes(
    owner_url: str, *, from_chunks: int = EXACT_CHUNKS, watcher: Watcher | None = None
) -> list[str]:
    """Make what is missing for generations with more live chunks than that; names of the new indexes.

    No reader waits for it: indexes are built concurrently, and one with other options serves until the new one is
    there. Safe to repeat; of two processes one waits for the other.
    """
    made: list[str] = []
    statements = load("search")
    try:
        connection = psycopg.connect(owner_url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as problem:
        raise DependencyUnavailable(f"PostgreSQL does not let us in: {problem}", hint="run `kgqa status`.") from problem
    with connection:
        # tried again, not waited for: who builds concurrently waits until no statement runs that began before
        while not _one(connection, "lock_vector_indexes"):
            time.sleep(_POLL_SECONDS)
        rows = connection.execute(statements["large_generations"], {"chunks": from_chunks}).fetchall()
        for generation, dimensions in rows:
            for table in ("chunk_index", "sentence"):
                name = f"{table}_g{generation}_hnsw"
                if _is_ready(connection, name):
                    continue
                with _watched(owner_url, name, watcher):
                    _build(connection, name, f"{table}_g{generation}", dimensions)
                made.append(name)
    return made


def _is_ready(connection: psycopg.Connection, name: str) -> bool:
    """Whether the index is there, has these options and was not left behind by a build that broke off."""
    return bool(_one(connection, "index_is_valid", {"name": name, "options": list(OPTIONS)}))


def _one(connection: psycopg.Connection, statement: str, parameters: Mapping[str, object] | None = None) -> object:
    """The first value of a statement; None where it has no row."""
    row = connection.execute(load("search")[statement], parameters).fetchone()
    return None if row is None else row[0]


def _build(connection: psycopg.Connection, name: str, table: str, dimensions: int) -> None:
    index, new = sql.Identifier(name), sql.Identifier(_new(name))
    drop = sql.SQL("drop index concurrently if exists {}")
    connection.execute(drop.format(new))
    _set_memory(connection, table, dimensions)
    connection.execute(_create(new, table, dimensions))
    connection.execute(drop.format(index))
    connection.execute(sql.SQL("alter index {} rename to {}").format(new, index))


def _new(name: str) -> str:
    """What the index is called until it is ready."""
    return f"{name}_new"


@contextmanager
def _watched(owner_url: str, name: str, watcher: Watcher | None) -> Generator[None]:
    """Tell the watcher how far the build is: a connection that builds says nothing itself."""
    if watcher is None:
        yield
        return
    watcher(name, 0.0)
    ready = threading.Event()

    def watch() -> None:
        with psycopg.connect(owner_url, autocommit=True, connect_timeout=10) as connection:
            while True:
                row = connection.execute(load("search")["index_build_share"], {"name": _new(name)}).fetchone()
                if row is not None:
                    watcher(name, float(row[0]))
                if ready.wait(_POLL_SECONDS):
                    return

    thread = threading.Thread(target=watch, name=f"watch {name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ready.set()
        thread.join()
    watcher(name, 1.0)


def _set_memory(connection: psycopg.Connection, table: str, dimensions: int) -> None:
    """Let the build of this session hold the whole index in memory, up to a bound."""
    row = connection.execute(load("search")["live_rows"], {"table": table}).fetchone()
    rows = int(row[0]) if row else 0
    needed = min(MOST_MEMORY, rows * (2 * dimensions + NODE_BYTES) * 5 // 4)
    connection.execute(load("search")["set_build_memory"], {"kilobytes": needed >> 10})


def _create(index: sql.Identifier, table: str, dimensions: int) -> sql.Composed:
    return sql.SQL(
        "create index concurrently {} on {} using hnsw ((embedding::halfvec({})) halfvec_cosine_ops)"
        " with ({}) where live"
    ).format(index, sql.Identifier(table), sql.Literal(dimensions), sql.SQL(", ".join(OPTIONS)))
