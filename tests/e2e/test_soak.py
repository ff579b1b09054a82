"""Random programs with kills end in what a fresh ingest of the final lake gives; and a difference is noticed.

A run starts Spark at least twice, and once more for each kill of its driver: half a minute each on two cores.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from kgqa.demo import ready
from kgqa.embedded.stack import Stack
from kgqa.settings import load_settings
from kgqa.soak.program import FAULTS, rounds
from kgqa.soak.run import Soak

OPERATIONS = 40
SEEDS = (3, 14, 31)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose servers may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="kgqa-test-"))
    folder.chmod(0o755)
    environment = {
        "HOME": str(folder), "MODELS__ENCODER": "hashing", "LIMITS__JOB_LEASE_SECONDS": "5",
        "SPARK__MASTER": "local[1]", "SPARK__DRIVER_MEMORY": "1g",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"KGQA_{name}", value)
    yield folder
    Stack(load_settings()).down()
    shutil.rmtree(folder, ignore_errors=True)


def test_the_programs_kill_everything_that_can_be_killed() -> None:
    assert {each.fault for seed in SEEDS for each in rounds(seed, OPERATIONS)} == {None, *FAULTS}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_program_with_kills_equals_a_fresh_ingest_of_its_lake(home: Path, seed: int) -> None:
    settings = load_settings()
    endpoints = ready(settings, Console(stderr=True))
    first = Soak(settings, endpoints, seed=seed)
    assert [p.operations for p in first.play(OPERATIONS // 2)][-1] == OPERATIONS // 2
    cut_off = Soak(settings, endpoints, seed=seed)
    progress = list(cut_off.play(OPERATIONS))
    assert progress[0].operations > OPERATIONS // 2, "it goes on where it was"
    assert progress[-1].operations == OPERATIONS
    assert sum(cut_off.kills.values()) >= 3
    assert cut_off.problems(OPERATIONS) == []
    if seed == SEEDS[0]:
        with psycopg.connect(endpoints.postgres_superuser_url or "") as superuser:
            assert superuser.execute("delete from mention where is_title").rowcount
        found = " ".join(cut_off.problems(OPERATIONS))
        assert "mention:" in found
        assert "graph:" in found
