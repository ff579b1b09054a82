"""Databases of a chosen size on the servers of a home, filled once and used again.

Each has a generation of its own in the graph. Documents go the ordinary way: `stage`, `publish`, the projector, the
vector indexes. Entities are not resolved: retrieval does not read them.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from rich.console import Console

from kgqa.adapters.neo4j.admin import wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.migrate import migrate
from kgqa.adapters.postgres.pool import open_pool
from kgqa.adapters.postgres.vector_indexes import ensure_vector_indexes
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints
from kgqa.errors import NotFound
from kgqa.model.answer import View
from kgqa.settings import Settings
from tests.performance.copies import LEVELS, Copyist, Original, first_chunks, read_originals, reader

COLLECTION = "copies"
_BATCH = 500
#: share of its chunks that a full database has: texts that come out equal are indexed once
_FULL = 0.95
err = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """One database, as an entry point would see it."""

    chunks: int
    services: Services
    endpoints: Endpoints

    def view(self, level: int = LEVELS - 1) -> View:
        """What the readers of a level see; the highest sees everything."""
        return self.services.index.view(reader(level), COLLECTION)


@contextmanager
def open_lake(settings: Settings, home: Endpoints, source: str, chunks: int) -> Generator[Lake]:
    """The database with so many chunks of copies of `source`, a collection of the home; filled where it is not."""
    assert home.postgres_superuser_url is not None
    name = f"kgqa_copies_{chunks}"
    create_database(home.postgres_superuser_url, name)
    endpoints = _in_database(home, name)
    migrate(endpoints.postgres_owner_url)
    with build_services(settings, endpoints) as services:
        lake = Lake(chunks=chunks, services=services, endpoints=endpoints)
        full = services.store.collection(COLLECTION).chunks >= _FULL * chunks
    if not full:
        drop_database(home.postgres_superuser_url, name)
        create_database(home.postgres_superuser_url, name)
        migrate(endpoints.postgres_owner_url)
        _own_generation(home, endpoints, chunks)
    with build_services(settings, endpoints) as services:
        lake = Lake(chunks=chunks, services=services, endpoints=endpoints)
        if not full:
            _fill(lake, home, source)
        while services.graph.project():
            pass
        if made := ensure_vector_indexes(endpoints.postgres_owner_url):
            err.print(f"{chunks}: made {', '.join(made)}")
        yield lake


def _in_database(home: Endpoints, name: str) -> Endpoints:
    return Endpoints(
        postgres_app_url=database_url(home.postgres_app_url, name),
        postgres_pipeline_url=database_url(home.postgres_pipeline_url, name),
        postgres_owner_url=database_url(home.postgres_owner_url, name),
        postgres_superuser_url=None,
        neo4j_url=home.neo4j_url,
        neo4j_user=home.neo4j_user,
        neo4j_password=home.neo4j_password,
        neo4j_browser_url=home.neo4j_browser_url,
        redis_url=home.redis_url,
    )


def _own_generation(home: Endpoints, endpoints: Endpoints, number: int) -> None:
    """Replace the first generation by one whose number no other database of the home uses."""
    with psycopg.connect(endpoints.postgres_owner_url, autocommit=True) as owner:
        owner.execute("update index_generation set state = 'dropped'")
        owner.execute("select setval(pg_get_serial_sequence('index_generation', 'id'), %s, false)", (number,))
        owner.execute("select create_generation('{}', 384, 'active')")
    with open_driver(home.neo4j_url, home.neo4j_user, home.neo4j_password) as driver:
        wipe(driver, number)


def _originals(home: Endpoints, source: str) -> list[Original]:
    with open_pool(home.postgres_pipeline_url, 1) as pool, pool.connection() as connection:
        originals = read_originals(connection, source)
    if not originals:
        raise NotFound(
            f"There is no collection {source!r} in this home.", hint="run tests.performance.ingest_at_scale first."
        )
    return originals


def _fill(lake: Lake, home: Endpoints, source: str) -> None:
    store, started = lake.services.store, time.monotonic()
    run = store.start_run(COLLECTION, {"embed": lake.services.embedder.model})
    for copy, deltas in first_chunks(Copyist(_originals(home, source), COLLECTION), lake.chunks):
        for place in range(0, len(deltas), _BATCH):
            store.stage(run, deltas[place : place + _BATCH])
        err.print(f"{lake.chunks}: copy {copy} staged, {time.monotonic() - started:.0f} s")
    store.publish(run, resolve=False)
    err.print(f"{lake.chunks}: published, {time.monotonic() - started:.0f} s")
    while lake.services.graph.project():
        pass
    err.print(f"{lake.chunks}: projected, {time.monotonic() - started:.0f} s")
