"""The run's Neo4j, and a record whose generation no other test uses: generations keep graph tests apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from neo4j import Driver

from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.embedded.stack import Endpoints
from tests.integration.conftest import Database, Pools, own_generation


@pytest.fixture(scope="session")
def driver(endpoints: Endpoints) -> Iterator[Driver]:
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        apply_schema(driver)
        yield driver


@pytest.fixture
def generation(driver: Driver, database: Database) -> Iterator[int]:
    """The active generation of the fresh database, under a number of its own."""
    number = own_generation(database.owner_url)
    yield number
    wipe(driver, number)


@pytest.fixture
def graph(driver: Driver, pools: Pools, generation: int) -> Neo4jGraphStore:
    """A graph store over the fresh database."""
    return Neo4jGraphStore(driver, pools.pipeline)
