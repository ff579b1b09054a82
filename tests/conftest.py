"""What every test may use: settings without this shell's environment, and one stack of real servers per run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgqa.embedded.stack import Endpoints, Stack
from kgqa.settings import Settings

ROOT = Path(__file__).parent.parent

for variable in [name for name in os.environ if name.startswith("KGQA_") and name != "KGQA_CACHE"]:
    del os.environ[variable]


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A KGQA_HOME for this run. Not under pytest's own folder: the servers of root run as another user."""
    path = Path(tempfile.mkdtemp(prefix="kgqa-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    """Settings of the run: embedded servers in the run's own home."""
    return Settings(home=home / "home")


@pytest.fixture(scope="session")
def endpoints(settings: Settings) -> Iterator[Endpoints]:
    """Real PostgreSQL, Neo4j and Redis, started once for the run and stopped after it."""
    stack = Stack(settings)
    with stack.running() as endpoints:
        yield endpoints
    assert all(not server.running for server in stack.status().servers), "somebody asked to keep the servers"
