"""How the driver of Neo4j is used here: its errors become ours, values go in as parameters."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import LiteralString, cast

from neo4j import Driver, GraphDatabase, ManagedTransaction, Result
from neo4j.exceptions import DriverError, Neo4jError

import cypher
from kgqa.errors import DependencyUnavailable

#: a server that is away is reported, not waited for
TIMEOUT_SECONDS = 10


def open_driver(url: str, user: str, password: str) -> Driver:
    """A driver that gives up early and sends nothing home. Close it when done; it connects at its first use."""
    return GraphDatabase.driver(
        url,
        auth=(user, password),
        connection_timeout=TIMEOUT_SECONDS,
        connection_acquisition_timeout=TIMEOUT_SECONDS,
        max_transaction_retry_time=TIMEOUT_SECONDS,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )


@contextmanager
def neo4j_errors() -> Generator[None]:
    """Turn the errors of the driver and the server into DependencyUnavailable."""
    try:
        yield
    except (DriverError, Neo4jError) as problem:
        raise DependencyUnavailable(
            f"Neo4j does not do its work: {problem}", hint="run `kgqa status`, and check KGQA_NEO4J__URL."
        ) from problem


def statement(name: str) -> LiteralString:
    """Text of `cypher/NAME.cypher`. The driver wants literals, so that nobody builds statements; a file is one."""
    return cast("LiteralString", cypher.statement(name))


def run(tx: ManagedTransaction, name: str, /, **parameters: object) -> Result:
    """Run `cypher/NAME.cypher` in a transaction."""
    return tx.run(statement(name), parameters)
