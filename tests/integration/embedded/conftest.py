from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgqa.embedded.stack import Stack
from kgqa.settings import Neo4jSettings, PostgresSettings, RedisSettings, Settings, load_settings

#: stands for a server that somebody else runs; nothing listens there
ELSEWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A directory that the system user of Postgres can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="kgqa-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def make_stack(folder: Path) -> Iterator[Callable[..., Stack]]:
    """Stacks on homes of their own; a server that is not named is configured elsewhere. All are stopped at the end."""
    made: list[Stack] = []

    def make(home: str, *servers: str) -> Stack:
        stack = Stack(settings_for(folder / home, *servers))
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.down()


def settings_for(home: Path, *servers: str) -> Settings:
    postgres = PostgresSettings.model_validate(
        dict.fromkeys(("url", "pipeline_url", "owner_url"), f"postgresql://u:p@{ELSEWHERE}/x")
    )
    return Settings(
        home=home,
        cache=load_settings().cache,
        postgres=PostgresSettings() if "postgres" in servers else postgres,
        neo4j=Neo4jSettings() if "neo4j" in servers else Neo4jSettings(url=f"bolt://{ELSEWHERE}"),
        redis=RedisSettings() if "redis" in servers else RedisSettings.model_validate({"url": f"redis://{ELSEWHERE}"}),
    )
