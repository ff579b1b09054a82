"""What is done to a Neo4j as a whole: ask whether it works, give it a password, its constraints, drop a generation."""

from __future__ import annotations

from importlib import resources

from neo4j import Driver
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from kgqa.adapters.neo4j.driver import neo4j_errors, open_driver, run, statement

#: with which a server starts its life; it accepts nothing but a change of it
FIRST_PASSWORD = "neo4j"  # noqa: S105 - no secret: every new server has it
#: nodes removed per transaction
WIPED_NODES = 5_000


def answers(url: str, user: str, password: str) -> bool:
    """Whether the server lets us in and runs a statement; on a new server this sets the password."""
    try:
        with open_driver(url, user, password) as driver:
            driver.execute_query("RETURN 1")
    except AuthError:
        return _set_first_password(url, user, password)
    except (DriverError, Neo4jError):
        return False
    return True


def server_version(url: str, user: str, password: str) -> str:
    """Version of the server, such as `5.26.30`. Raises the driver's errors."""
    with open_driver(url, user, password) as driver:
        agent = driver.get_server_info().agent
    return agent.rpartition("/")[2]


def apply_schema(driver: Driver) -> None:
    """Make the constraints and indexes that are missing (`cypher/schema/`). Safe to repeat."""
    files = sorted(file.name for file in resources.files("cypher").joinpath("schema").iterdir())
    with neo4j_errors(), driver.session() as session:
        for file in files:
            session.run(statement(f"schema/{file.removesuffix('.cypher')}")).consume()


def wipe(driver: Driver, generation: int) -> int:
    """Remove a generation from the graph, some thousand nodes at a time; how many there were."""
    total = 0
    with neo4j_errors(), driver.session() as session:
        while removed := session.execute_write(
            lambda tx: run(tx, "ingest/wipe", generation=generation, limit=WIPED_NODES).single(strict=True)[0]
        ):
            total += removed
    return total


def _set_first_password(url: str, user: str, password: str) -> bool:
    try:
        with open_driver(url, user, FIRST_PASSWORD) as driver:
            driver.execute_query(
                "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
                {"old": FIRST_PASSWORD, "new": password},
                database_="system",
            )
    except (DriverError, Neo4jError):
        return False
    return True
