"""HNSW indexes for generations too large to compare every vector. Run as `kgqa_owner`, beside the running system."""

from __future__ import annotations

import psycopg
from psycopg import sql

from kgqa.adapters.postgres.search_index import EXACT_CHUNKS
from kgqa.adapters.postgres.statements import load
from kgqa.errors import DependencyUnavailable

#: what a build keeps of each vector beside the vector itself: its node and the lists of its neighbours
NODE_BYTES = 800
#: a build that does not fit into memory takes many times as long; more than this is not taken
MOST_MEMORY = 2 << 30


def ensure_vector_indexes(owner_url: str, *, from_chunks: int = EXACT_CHUNKS) -> list[str]:
    """Make what is missing for generations with more live chunks than that; names of the new indexes.

    Nobody waits for it: indexes are built concurrently. Safe to repeat.
    """
    made: list[str] = []
    statements = load("search")
    try:
        connection = psycopg.connect(owner_url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as problem:
        raise DependencyUnavailable(f"PostgreSQL does not let us in: {problem}", hint="run `kgqa status`.") from problem
    with connection:
        rows = connection.execute(statements["large_generations"], {"chunks": from_chunks}).fetchall()
        for generation, dimensions in rows:
            for table in ("chunk_index", "sentence"):
                name = f"{table}_g{generation}_hnsw"
                if _is_ready(connection, name):
                    continue
                connection.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(name)))
                _set_memory(connection, f"{table}_g{generation}", dimensions)
                connection.execute(_create(name, f"{table}_g{generation}", dimensions))
                made.append(name)
    return made


def _is_ready(connection: psycopg.Connection, name: str) -> bool:
    """Whether the index is there and was not left behind by a build that broke off."""
    row = connection.execute(load("search")["index_is_valid"], {"name": name}).fetchone()
    return row is not None and bool(row[0])


def _set_memory(connection: psycopg.Connection, table: str, dimensions: int) -> None:
    """Let the build of this session hold the whole index in memory, up to a bound."""
    row = connection.execute(load("search")["live_rows"], {"table": table}).fetchone()
    rows = int(row[0]) if row else 0
    needed = min(MOST_MEMORY, rows * (2 * dimensions + NODE_BYTES) * 5 // 4)
    connection.execute(load("search")["set_build_memory"], {"kilobytes": needed >> 10})


def _create(name: str, table: str, dimensions: int) -> sql.Composed:
    return sql.SQL(
        "create index concurrently {} on {} using hnsw ((embedding::halfvec({})) halfvec_cosine_ops) where live"
    ).format(sql.Identifier(name), sql.Identifier(table), sql.Literal(dimensions))
