"""Asking a Neo4j whether it works, and giving a new one its first password."""

from __future__ import annotations

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError

TIMEOUT_SECONDS = 10
#: with which a server starts its life; it accepts nothing but a change of it
FIRST_PASSWORD = "neo4j"  # noqa: S105 - no secret: every new server has it


def answers(url: str, user: str, password: str) -> bool:
    """Whether the server lets us in and runs a statement; on a new server this sets the password."""
    try:
        with _driver(url, user, password) as driver:
            driver.execute_query("RETURN 1")
    except AuthError:
        return _set_first_password(url, user, password)
    except (DriverError, Neo4jError):
        return False
    return True


def server_version(url: str, user: str, password: str) -> str:
    """Version of the server, such as `5.26.30`. Raises the driver's errors."""
    with _driver(url, user, password) as driver:
        agent = driver.get_server_info().agent
    return agent.rpartition("/")[2]


def _set_first_password(url: str, user: str, password: str) -> bool:
    try:
        with _driver(url, user, FIRST_PASSWORD) as driver:
            driver.execute_query(
                "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
                {"old": FIRST_PASSWORD, "new": password},
                database_="system",
            )
    except (DriverError, Neo4jError):
        return False
    return True


def _driver(url: str, user: str, password: str) -> Driver:
    return GraphDatabase.driver(
        url,
        auth=(user, password),
        connection_timeout=TIMEOUT_SECONDS,
        connection_acquisition_timeout=TIMEOUT_SECONDS,
        max_transaction_retry_time=TIMEOUT_SECONDS,
        telemetry_disabled=True,
    )
