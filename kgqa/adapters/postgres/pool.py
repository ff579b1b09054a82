"""Connections: pools by role, and transactions that say who asks.

A session of `kgqa_app` sees nothing until it has said for whom it reads; it says so anew in each transaction.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from kgqa.errors import DependencyUnavailable
from kgqa.model.answer import Caller

#: a connection whose rows are tuples
Connection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[Connection]


def open_pool(url: str, size: int) -> Pool:
    """A pool of at most `size` connections that know pgvector's types. Close it when done.

    Raises DependencyUnavailable when the server does not let us in.
    """
    pool: Pool = ConnectionPool(
        url, min_size=1, max_size=size, timeout=10, open=False, configure=_prepare, kwargs={"autocommit": True}
    )
    try:
        pool.open(wait=True, timeout=10)
    except (PoolTimeout, psycopg.OperationalError) as problem:
        pool.close()
        raise DependencyUnavailable(f"PostgreSQL does not answer: {problem}", hint="run `kgqa status`.") from problem
    return pool


def _prepare(connection: Connection) -> None:
    register_vector(connection)


@contextmanager
def connected(pool: Pool) -> Generator[Connection]:
    """A connection of the pool, in autocommit. Raises DependencyUnavailable when the server goes away."""
    try:
        with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed, TooManyRequests) as problem:
        raise DependencyUnavailable(f"PostgreSQL does not answer: {problem}", hint="run `kgqa status`.") from problem


@contextmanager
def transaction(pool: Pool) -> Generator[Connection]:
    """One transaction that reads and writes."""
    with connected(pool) as connection, connection.transaction():
        yield connection


@contextmanager
def as_caller(pool: Pool, caller: Caller, *, settings: Sequence[tuple[str, str]] = ()) -> Generator[Connection]:
    """One read-only transaction on one snapshot, in the name of `caller`."""
    names, values = zip(
        ("kgqa.subject", caller.subject),
        ("kgqa.principals", array_literal(caller.principals)),
        *settings,
        strict=True,
    )
    with connected(pool) as connection, connection.transaction(), connection.pipeline():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(
            "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as _ (name, value)",
            (list(names), list(values)),
        )
        yield connection


def array_literal(items: Sequence[str]) -> str:
    r"""A text[] as Postgres writes it.

    >>> array_literal(["public", 'user:"x"'])
    '{"public","user:\\"x\\""}'
    """
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
    return "{" + ",".join(quoted) + "}"
