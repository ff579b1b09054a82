"""One Spark session for the run, started when a test first asks for it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from kgqa.settings import Settings
from spark.session import build_session

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
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    home: Path = tmp_path_factory.mktemp("spark")
    settings = Settings(home=home, spark={"master": "local[2]", "driver_memory": "1g"})  # type: ignore[arg-type]
    session = build_session(settings, app="tests", extra={"spark.sql.shuffle.partitions": "2"})
    before = threading.active_count()
    yield session
    session.stop()
    assert threading.active_count() <= before + 2
