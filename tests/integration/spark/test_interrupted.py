"""A driver that is killed inside a named stage loses nothing and doubles nothing."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from tests.integration.spark.lake import (
    DICTIONARY,
    Servers,
    ingest_one_by_one,
    messages,
    on_database,
    run_job,
    started_job,
    write_lake,
)

DOCUMENTS = 24


@pytest.fixture
def lake(tmp_path: Path) -> tuple[Path, Path]:
    folder, dictionary = tmp_path / "lake", tmp_path / "dictionary.json"
    write_lake(folder, DOCUMENTS)
    dictionary.write_text(json.dumps(DICTIONARY), encoding="utf-8")
    return folder, dictionary


def kill_in(stage: str, servers: Servers, lake: tuple[Path, Path], *, staged: int = 0) -> None:
    """Start an ingest and kill its driver inside the stage (and once so many documents are staged)."""
    with started_job(servers, *lake) as job:
        seen = [message.get("stage") for message in takewhile(lambda m: m.get("stage") != stage, messages(job))]
        while servers.staged() < staged and job.poll() is None:
            time.sleep(0.02)
        children = psutil.Process(job.pid).children(recursive=True)
        job.kill()
        later = [json.loads(line) for line in job.stdout or ()]
        assert job.wait(timeout=60) == -signal.SIGKILL
    assert stage not in seen
    assert not [m for m in later if m["stage"] != stage or "seconds" in m], "it was killed inside the stage"
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive, "the JVM and its workers end with the driver"


def test_a_run_killed_while_it_reads_publishes_and_resolves_goes_on(
    servers: Servers, make_database, lake: tuple[Path, Path]
) -> None:
    kill_in("read", servers, lake, staged=1)
    assert servers.staged() > 0
    assert servers.content()["mention"] == []
    kill_in("publish", servers, lake)
    kill_in("resolve", servers, lake)
    assert servers.content()["mention"] != []
    report = run_job(servers, *lake)
    assert (report["documents"], report["unchanged"]) == (DOCUMENTS + 1, DOCUMENTS + 1)
    assert [s["stage"] for s in report["stages"]].count("resolve") == 1

    other = make_database()
    whole = replace(servers, endpoints=on_database(servers.endpoints, other), database=other)
    ingest_one_by_one(whole, lake[0])
    mine, theirs = servers.content(), whole.content()
    assert len(theirs["document"]) == DOCUMENTS + 1
    for table in theirs:
        assert mine[table] == theirs[table], table
