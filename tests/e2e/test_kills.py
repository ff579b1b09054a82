"""Kill -9 inside a stage of an ingest: nothing is lost and nothing is done twice.

Each kill waits at a barrier until the stage is in the middle of its work. Afterwards `Stack.up` and the same command
again, or nothing at all, have to lead to the stores that an undisturbed ingest fills.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from api.worker.app import publisher
from kgqa.bootstrap import build_services
from kgqa.demo import ready
from kgqa.embedded.stack import Stack
from kgqa.errors import DependencyUnavailable
from kgqa.model.job import Job
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
def claim(undisturbed: tuple[Lake, Content]) -> int:
    """Id of a claim that the lake makes."""
    return min(int(row[1:].split(",")[0]) for row in undisturbed[1]["claim"])


@pytest.fixture
def lake(undisturbed: tuple[Lake, Content]) -> Lake:
    """Empty stores."""
    undisturbed[0].empty()
    return undisturbed[0]


def is_complete(lake: Lake, expected: Content, *, uploaded: bool = False) -> None:
    """Both stores are as if nothing had happened. `uploaded`: at other addresses than the files of the lake."""
    lake.assert_graph_is_the_record()
    found = lake.content()
    for table in expected.keys() - ({"address"} if uploaded else set[str]()):
        assert found[table] == expected[table], table


def spark_job(*, jvm: bool) -> list[psutil.Process]:
    """The driver that we started: its Python process, or its JVM."""
    (driver,) = [child for child in psutil.Process().children() if child.cmdline()[1:3] == ["-m", "spark"]]
    if not jvm:
        return [driver]
    return [child for child in driver.children() if child.name() == "java"]


def cut(lake: Lake, stage: str, barrier: Callable[[], Barrier], kill: Callable[[], None], *, after: str = "") -> None:
    """Ingest, and kill at the barrier, which is in place from the start of stage `after`; the servers are up again."""
    seen: list[Mapping[str, object]] = []
    with ExitStack() as held:
        waits: list[Callable[[], bool]] = []

        def watch(message: Mapping[str, object]) -> None:
            seen.append(message)
            if message["stage"] == (after or stage) and not waits:
                waits.append(held.enter_context(barrier()))
            if message["stage"] == stage and "seconds" not in message and len(waits) == 1:
                wait_until(waits[0], what=f"the job never came to the barrier in {stage}")
                waits.append(waits[0])
                kill()
                held.close()  # who waits at the barrier sees what is gone

        with pytest.raises(DependencyUnavailable):
            lake.ingest(watch)
        assert len(waits) == 2
    assert seen[-1]["stage"] == stage
    assert "seconds" not in seen[-1], "the stage did not end"
    assert Stack(lake.settings).up() == lake.endpoints


def test_an_ingest_that_loses_its_driver_and_both_stores_is_completed(
    lake: Lake, undisturbed: tuple[Lake, Content], claim: int
) -> None:
    def some_are_staged() -> Barrier:
        wait_until(lambda: lake.rows("select count(*) > 0 from document_version") == [(True,)], what="nothing staged")
        return lake.writers_wait("sentence")

    cut(lake, "read", some_are_staged, lambda: kill_all(spark_job(jvm=True)))
    ((staged,),) = lake.rows("select count(*) from document_version")
    assert 0 < staged < len(DOCUMENTS)
    for kill in (lambda: kill_all(spark_job(jvm=False)), lambda: lake.kill("postgres")):
        cut(lake, "publish", lambda: lake.writers_wait("dirty_key"), kill, after="compare")
        assert lake.rows("select count(*) from mention") == [(0,)]
    assert lake.rows("select count(*) from document_version") == [(len(DOCUMENTS),)]
    assert lake.rows("select count(*) from current_document") == [(0,)]
    cut(lake, "resolve", lambda: lake.writers_wait("dirty_key"), lambda: kill_all(spark_job(jvm=False)))
    assert lake.rows("select count(*) from current_document") == [(len(DOCUMENTS),)]
    assert lake.rows("select count(*) from alias where entity_id is not null") == [(0,)]
    cut(lake, "project", lambda: lake.projector_waits(claim), lambda: lake.kill("neo4j"), after="publish")
    with lake.driver() as driver:
        labels = driver.execute_query("MATCH (n) RETURN DISTINCT labels(n)[0] AS label").records
    assert {record["label"] for record in labels} == {"Document", "Chunk", "Name", "Entity"}
    report = lake.ingest()
    assert (report["documents"], report["unchanged"]) == (len(DOCUMENTS), len(DOCUMENTS))
    is_complete(lake, undisturbed[1])


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
    is_complete(lake, undisturbed[1], uploaded=True)


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
    is_complete(lake, undisturbed[1], uploaded=True)
