"""The statements that a question issues: caught as they pass, and run again by themselves."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from neo4j import Driver, ManagedTransaction

import cypher
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.pool import Connection, array_literal, open_pool
from kgqa.adapters.postgres.search_index import HNSW_SETTINGS
from kgqa.adapters.postgres.statements import load
from kgqa.embedded.stack import Endpoints
from kgqa.model.answer import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One statement with its arguments."""

    name: str
    text: Any
    arguments: Mapping[str, Any]
    is_cypher: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """What was issued while somebody listened."""

    statements: list[Issued] = field(default_factory=list[Issued])


@contextmanager
def listening() -> Generator[Issues]:
    """Catch every statement of the search index and of the graph that is executed meanwhile."""
    heard = Issues()
    execute, run = psycopg.Connection.execute, ManagedTransaction.run

    def executing(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        name = _SQL.get(query) if isinstance(query, bytes) else None
        if name:
            heard.statements.append(Issued(name=name, text=query, arguments=dict(params or {}), is_cypher=False))
        return execute(self, query, params, **options)

    def running(self: Any, query: Any, parameters: Any = None, **more: Any) -> Any:
        name = _CYPHER.get(query, "other")
        heard.statements.append(Issued(name=name, text=query, arguments=dict(parameters or {}), is_cypher=True))
        return run(self, query, parameters, **more)

    psycopg.Connection.execute = executing
    ManagedTransaction.run = running
    try:
        yield heard
    finally:
        psycopg.Connection.execute = execute
        ManagedTransaction.run = run


class Replay:
    """Runs statements again, on connections that are open and in nobody's way."""

    def __init__(self, connection: Connection, driver: Driver) -> None:
        self.connection = connection
        self._driver = driver

    def seconds(self, issued: Issued) -> float:
        """Time until its last row is here."""
        started = time.perf_counter()
        if issued.is_cypher:
            with self._driver.session(default_access_mode="READ") as session:
                session.execute_read(lambda tx: tx.run(issued.text, dict(issued.arguments)).values())
        else:
            self.connection.execute(issued.text, issued.arguments).fetchall()
        return time.perf_counter() - started


@contextmanager
def replaying(endpoints: Endpoints, caller: Caller) -> Generator[Replay]:
    """Statements as the application role runs them for a caller, without the application."""
    with (
        open_pool(endpoints.postgres_app_url, 1) as pool,
        pool.connection() as connection,
        open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver,
    ):
        settings = (
            ("kgqa.subject", caller.subject), ("kgqa.principals", array_literal(caller.principals)), *HNSW_SETTINGS,
        )  # fmt: skip
        for name, value in settings:
            connection.execute("select set_config(%s, %s, false)", (name, value))
        yield Replay(connection, driver)


_SQL = {text: name for name, text in load("search").items()}
_CYPHER = {cypher.statement("ask/expand"): "expand"}
