"""A fresh, migrated database for every test, copied from a template on the run's PostgreSQL."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.migrate import migrate
from kgqa.adapters.postgres.pool import Pool, open_pool
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.settings import Neo4jSettings, RedisSettings, Settings

TEMPLATE = "kgqa_template"
#: stands for a server that a test of the record does not need
ELSEWHERE = "127.0.0.1:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database of its own, by role."""

    app_url: str
    pipeline_url: str
    owner_url: str
    superuser_url: str


def own_generation(owner_url: str) -> int:
    """Replace the generation of a fresh database by one whose number nobody else uses in the Neo4j of the run."""
    number = random.randrange(1_000, 2_000_000_000)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("update index_generation set state = 'dropped'")
        owner.execute("select setval(pg_get_serial_sequence('index_generation', 'id'), %s, false)", (number,))
        owner.execute("select create_generation('{}', 384, 'active')")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Connections of the two service roles."""

    app: Pool
    pipeline: Pool


@pytest.fixture(scope="session")
def postgres(settings: Settings) -> Iterator[Endpoints]:
    """The run's PostgreSQL alone; the same server that `endpoints` gives with all others."""
    alone = settings.model_copy(
        update={
            "neo4j": Neo4jSettings(url=f"bolt://{ELSEWHERE}"),
            "redis": RedisSettings.model_validate({"url": f"redis://{ELSEWHERE}"}),
        }
    )
    with Stack(alone).running() as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def template(postgres: Endpoints) -> str:
    """Name of an empty database with all migrations."""
    assert postgres.postgres_superuser_url is not None
    create_database(postgres.postgres_superuser_url, TEMPLATE)
    migrate(database_url(postgres.postgres_owner_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def make_database(postgres: Endpoints, template: str) -> Iterator[Callable[[], Database]]:
    """Fresh databases, gone after the test."""
    superuser_url = postgres.postgres_superuser_url
    assert superuser_url is not None
    made: list[str] = []

    def make() -> Database:
        name = f"kgqa_test_{uuid.uuid4().hex[:12]}"
        made.append(name)
        return Database(
            superuser_url=create_database(superuser_url, name, template=template),
            app_url=database_url(postgres.postgres_app_url, name),
            pipeline_url=database_url(postgres.postgres_pipeline_url, name),
            owner_url=database_url(postgres.postgres_owner_url, name),
        )

    yield make
    for name in made:
        drop_database(superuser_url, name)


@pytest.fixture
def database(make_database: Callable[[], Database]) -> Database:
    """A fresh database."""
    return make_database()


@pytest.fixture
def pools(database: Database) -> Iterator[Pools]:
    """Connections to the fresh database."""
    with open_pools(database) as pools:
        yield pools


@contextmanager
def open_pools(database: Database) -> Generator[Pools]:
    """Connections of both service roles, closed at the end."""
    with open_pool(database.app_url, 4) as app, open_pool(database.pipeline_url, 4) as pipeline:
        yield Pools(app=app, pipeline=pipeline)
