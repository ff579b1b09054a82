"""A driver that is killed inside a named stage loses nothing and doubles nothing."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.integration.spark.lake import (
    DICTIONARY,
    Servers,
    finished,
    messages,
    on_database,
    start_job,
    write_lake,
)

DOCUMENTS = 40


@pytest.fixture
def lake(tmp_path: Path) -> tuple[Path, Path]:
    folder, dictionary = tmp_path / "lake", tmp_path / "dictionary.json"
    write_lake(folder, DOCUMENTS)
    dictionary.write_text(json.dumps(DICTIONARY), encoding="utf-8")
    return folder, dictionary


def kill_in(stage: str, servers: Servers, lake: tuple[Path, Path], *, staged: int = 0) -> str:
    """Start an ingest and kill its driver inside the stage (and once so many documents are staged); where it was."""
    job = start_job(servers, *lake)
    jvms: list[psutil.Process] = []
    last: dict[str, object] = {}
    for message in messages(job):
        last = dict(message)
        if message.get("stage") == stage and "seconds" not in message:
            while servers.staged() < staged and job.poll() is None:
                time.sleep(0.02)
            jvms = psutil.Process(job.pid).children(recursive=True)
            job.kill()
            break
    output, errors = job.communicate(timeout=60)
    assert job.returncode == -signal.SIGKILL, errors
    later = [json.loads(line)["stage"] for line in output.splitlines()]
    _, alive = psutil.wait_procs(jvms, timeout=60)
    assert not alive, "the JVM and its workers end with the driver"
    assert set(later) <= {stage}
    return str(last["stage"])


def test_a_run_killed_while_it_reads_publishes_and_resolves_goes_on(
    servers: Servers, make_database, lake: tuple[Path, Path]
) -> None:
    assert kill_in("read", servers, lake, staged=1) == "read"
    staged = servers.staged()
    assert staged > 0
    assert servers.content()["mention"] == []
    assert kill_in("publish", servers, lake) == "publish"
    assert kill_in("resolve", servers, lake) == "resolve"
    report = finished(start_job(servers, *lake))
    assert report["documents"] == DOCUMENTS + 1

    other = make_database()
    whole = replace(servers, endpoints=on_database(servers.endpoints, other), database=other)
    finished(start_job(whole, *lake))
    mine, theirs = servers.content(), whole.content()
    assert len(theirs["document"]) == DOCUMENTS
    for table in theirs:
        assert mine[table] == theirs[table], table
