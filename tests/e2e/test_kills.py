"""Kill -9 inside a stage of an ingest: nothing is lost and nothing is done twice.

Each kill waits at a barrier until the stage is in the middle of its work. Afterwards `Stack.up` and the same command
again, or nothing at all, have to lead to the stores that an undisturbed ingest fills.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from api.worker.app import publisher
from kgqa.bootstrap import build_services
from kgqa.demo import ready
from kgqa.embedded.stack import Stack
from kgqa.errors import DependencyUnavailable
from kgqa.ports import Job
from kgqa.processes import running_module
from kgqa.settings import load_settings
from tests.e2e.lake import COLLECTION, DOCUMENTS, Content, Lake, kill_all, principals, wait_until, write_lake

ENVIRONMENT = {
    "KGQA_MODELS__ENCODER": "hashing",
    "KGQA_SPARK__NLP": "false",
    "KGQA_SPARK__MASTER": "local[2]",
    "KGQA_SPARK__DRIVER_MEMORY": "1g",
    "KGQA_LIMITS__JOB_LEASE_SECONDS": "5",
}
Barrier = AbstractContextManager[Callable[[], bool]]


@pytest.fixture(scope="module")
def undisturbed() -> Iterator[tuple[Lake, Content]]:
    """Servers of this module alone, and what the record holds after an ingest that nobody disturbed."""
    home = Path(tempfile.mkdtemp(prefix="kgqa-test-"))
    home.chmod(0o755)
    write_lake(home / "lake")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {"KGQA_HOME": str(home / "home"), **ENVIRONMENT}.items():
            patch.setenv(variable, value)
        settings = load_settings()
        try:
            lake = Lake(settings=settings, endpoints=ready(settings, Console(stderr=True)), folder=home / "lake")
            lake.keep_empty()
            lake.empty()
            lake.ingest_undisturbed()
            lake.assert_graph_is_the_record()
            yield lake, lake.content()
        finally:
            Stack(settings).down()
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def lake(undisturbed: tuple[Lake, Content]) -> Lake:
    """Empty stores."""
    undisturbed[0].empty()
    return undisturbed[0]


def is_complete(lake: Lake, expected: Content) -> None:
    """Both stores are as if nothing had happened."""
    lake.assert_graph_is_the_record()
    found = lake.content()
    for table in expected:
        assert found[table] == expected[table], table


def upload(lake: Lake, keys: tuple[str, ...]) -> list[int]:
    """Jobs that put documents of the lake, as the API makes them: the row first, then a nudge that may get lost."""
    publish = publisher(lake.endpoints.redis_url)
    jobs: list[int] = []
    with build_services(lake.settings, lake.endpoints) as services:
        for key in keys:
            payload = {
                "target": f"{COLLECTION}/{key}",
                "collection": COLLECTION,
                "key": key,
                "content": base64.b64encode((lake.folder / key).read_bytes()).decode(),
                "mediaType": None,
                "principals": list(principals(key)),
                "metadata": {},
            }
            job: Job = services.jobs.enqueue("ingest_document", payload, key=f"put:{key}", requested_by="user:omar")
            jobs.append(job.id)
            try:
                publish(job)
            except DependencyUnavailable:
                continue
    return jobs


def worker(lake: Lake):
    """The worker, until the block ends."""
    return running_module("api.worker", [], lake.settings, lake.settings.home / "logs" / "worker.log")


def applying(lake: Lake) -> set[int]:
    """Jobs that are applying their document in their first attempt."""
    query = "select id from job where state = 'running' and attempt = 1 and progress ->> 'stage' = 'apply'"
    return {row[0] for row in lake.rows(query)}


def all_done(lake: Lake) -> bool:
    return lake.rows("select count(*) from job where state <> 'done'") == [(0,)]


def attempts(lake: Lake) -> dict[int, int]:
    return dict(lake.rows("select id, attempt from job"))


def test_jobs_whose_worker_is_killed_while_it_applies_are_done_once_by_the_next(
    lake: Lake, undisturbed: tuple[Lake, Content]
) -> None:
    with lake.writers_wait("dirty_key") as waiting:
        jobs = upload(lake, DOCUMENTS)
        with worker(lake) as child:
            wait_until(waiting, what="no job came to write")
            family = psutil.Process(child.pid).children(recursive=True)
            child.kill()
            kill_all([process for process in family if process.is_running()])
        hit = applying(lake)
    assert hit
    assert Stack(lake.settings).up() == lake.endpoints
    with worker(lake):
        wait_until(lambda: all_done(lake), what="jobs are left")
    tried = attempts(lake)
    assert set(tried) == set(jobs)
    assert {job for job, attempt in tried.items() if attempt > 1} >= hit
    is_complete(lake, undisturbed[1])


def test_jobs_that_run_and_wait_while_redis_is_killed_are_done_once(
    lake: Lake, undisturbed: tuple[Lake, Content]
) -> None:
    with worker(lake):
        with lake.writers_wait("dirty_key") as waiting:
            running = upload(lake, DOCUMENTS[:4])
            wait_until(waiting, what="no job came to write")
            lake.kill("redis")
            assert applying(lake)
            waits = upload(lake, DOCUMENTS[4:])
        assert Stack(lake.settings).up() == lake.endpoints
        wait_until(lambda: all_done(lake), what="jobs are left")
    assert set(attempts(lake)) == {*running, *waits}
    is_complete(lake, undisturbed[1])
