"""One Spark session for the run, started when a test first asks for it."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from kgqa.adapters.kafka.broker import Broker
from kgqa.adapters.kafka.topics import ensure_topic
from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.settings import ModelSettings, Settings, SparkSettings
from spark.session import build_session
from tests.integration.conftest import Database, own_generation
from tests.integration.spark.lake import Servers, on_database

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # invalid escapes in its sources; warnings are errors here
    import sparknlp  # noqa: F401


#: what PySpark 3.5 and GraphFrames warn about themselves, by module and message
LIBRARY_WARNINGS = (
    "ignore:distutils Version classes are deprecated:DeprecationWarning",
    "ignore:is_(datetime64tz|categorical|sparse)_dtype is deprecated:DeprecationWarning",
    "ignore:DataFrame constructor is internal:UserWarning",
    "ignore:unclosed <socket.socket:ResourceWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for rule in LIBRARY_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(rule))


@pytest.fixture(scope="session")
def spark_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the run's Spark jobs: small, and without a model."""
    return Settings(
        home=tmp_path_factory.mktemp("spark"),
        models=ModelSettings(encoder="hashing"),
        spark=SparkSettings(master="local[2]", driver_memory="1g"),
    )


@pytest.fixture(scope="session")
def session(spark_settings: Settings) -> Iterator[SparkSession]:
    session = build_session(spark_settings, app="tests", extra={"spark.sql.shuffle.partitions": "2"}, kafka=True)
    yield session
    session.stop()


@pytest.fixture
def servers(endpoints: Endpoints, database: Database, spark_settings: Settings) -> Iterator[Servers]:
    """The run's servers, with a database and a generation in Neo4j that no other test uses."""
    generation = own_generation(database.owner_url)
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        apply_schema(driver)
        yield Servers(endpoints=on_database(endpoints, database), settings=spark_settings, database=database)
        wipe(driver, generation)


@pytest.fixture(scope="module")
def broker(settings: Settings, endpoints: object) -> Broker:
    """The run's broker; it stops with the other servers."""
    return Stack(settings).broker()


@pytest.fixture
def services(servers: Servers) -> Iterator[Services]:
    with build_services(servers.settings, servers.endpoints) as services:
        yield services


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"events-{uuid.uuid4().hex[:8]}"
    ensure_topic(broker, name, make=True, partitions=2)
    return name
