"""One attempt at a job, and the sweeper, over a queue in memory that keeps leases like the real one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from api.worker import work
from api.worker.perform import perform
from api.worker.sweeper import REPUBLISH_AFTER, Sweeper
from kgqa.errors import DependencyUnavailable, InvalidInput
from kgqa.model.document import Source
from kgqa.model.job import Job
from kgqa.settings import LimitSettings, Settings

START = datetime(2026, 1, 1, tzinfo=UTC)


def make_job(number: int = 1, kind: str = "test", **changes: Any) -> Job:
    job = Job(
        id=number, kind=kind, state="queued", attempt=0, payload={"n": number}, progress={}, error=None,
        requested_by="user:omar", created_at=START,
    )  # fmt: skip
    return replace(job, **changes)


@dataclass
class LeasedJobs:
    """Claims, fences and counts like `PostgresJobQueue`, without time."""

    rows: dict[int, Job] = field(default_factory=lambda: {1: make_job()})
    results: dict[int, Any] = field(default_factory=dict)
    heartbeats: int = 0
    buried: int = 0
    is_away: bool = False

    def claim(self, job_id: int, owner: str, lease_seconds: int, *, max_attempts: int) -> Job | None:
        job = self.rows[job_id]
        if job.state != "queued":
            return None
        return self._put(replace(job, state="running", attempt=job.attempt + 1))

    def heartbeat(self, job: Job, progress: Any, lease_seconds: int) -> bool:
        self.heartbeats += 1
        if self.is_away:
            raise DependencyUnavailable
        return self._fenced(job, progress=progress)

    def finish(self, job: Job, result: Any) -> bool:
        self.results[job.id] = result
        return self._fenced(job, state="done")

    def fail(self, job: Job, error: str, *, retryable: bool, max_attempts: int) -> str:
        state = "failed" if not retryable else "dead" if job.attempt >= max_attempts else "queued"
        return state if self._fenced(job, state=state, error=error) else "lost"

    def due(self, limit: int = 100) -> list[Job]:
        if self.is_away:
            raise DependencyUnavailable
        return [job for job in self.rows.values() if job.state == "queued"]

    def bury(self, max_attempts: int) -> int:
        self.buried += 1
        return 0

    def _fenced(self, job: Job, **changes: Any) -> bool:
        current = self.rows[job.id]
        if current.state != "running" or current.attempt != job.attempt:
            return False
        self._put(replace(current, **changes))
        return True

    def _put(self, job: Job) -> Job:
        self.rows[job.id] = job
        return job


@dataclass
class WorkServices:
    settings: Settings
    store: Any = None
    graph: Any = None

    def ingest_parts(self, collection: str) -> Any:
        raise AssertionError("no test of this module ingests")


@pytest.fixture
def services(settings: Settings) -> WorkServices:
    limits = LimitSettings(job_attempts=3, job_lease_seconds=1)
    return WorkServices(settings.model_copy(update={"limits": limits}))


def run(monkeypatch, jobs: LeasedJobs, services: WorkServices, function) -> str | None:
    monkeypatch.setattr(work, "WORK", {"test": function})
    monkeypatch.setattr("api.worker.perform.WORK", {"test": function})
    return perform(1, jobs, services, "me")  # pyright: ignore[reportArgumentType] - a double


def test_a_job_is_done_with_its_result(monkeypatch, services) -> None:
    jobs = LeasedJobs()
    assert run(monkeypatch, jobs, services, lambda payload, _s, _r: {"seen": payload["n"]}) == "done"
    assert (jobs.rows[1].state, jobs.results[1]) == ("done", {"seen": 1})


def test_a_job_that_somebody_else_holds_is_left_alone(monkeypatch, services) -> None:
    jobs = LeasedJobs({1: make_job(state="running", attempt=1)})
    assert run(monkeypatch, jobs, services, lambda *_: pytest.fail("worked on it")) is None


def test_input_that_is_wrong_fails_at_once_and_says_why(monkeypatch, services) -> None:
    def refuse(*_: object) -> Any:
        raise InvalidInput("The PDF is damaged.")

    jobs = LeasedJobs()
    assert run(monkeypatch, jobs, services, refuse) == "failed"
    assert jobs.rows[1].error == "The PDF is damaged."


def test_an_unexpected_failure_is_tried_again_until_the_job_is_dead(monkeypatch, services) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("password=x")

    jobs = LeasedJobs()
    assert [run(monkeypatch, jobs, services, fail) for _ in range(3)] == ["queued", "queued", "dead"]
    assert "password" not in str(jobs.rows[1].error)


def test_an_outage_does_not_use_up_the_attempts(monkeypatch, services) -> None:
    def away(*_: object) -> Any:
        raise DependencyUnavailable("Neo4j does not answer.")

    jobs = LeasedJobs()
    assert {run(monkeypatch, jobs, services, away) for _ in range(10)} == {"queued"}


def test_an_unknown_kind_fails(monkeypatch, services) -> None:
    jobs = LeasedJobs({1: make_job(kind="other")})
    assert run(monkeypatch, jobs, services, lambda *_: {}) == "failed"


def test_who_lost_the_lease_stops_and_writes_nothing(monkeypatch, services) -> None:
    jobs = LeasedJobs()

    def overtaken(_payload: object, _services: object, report) -> Any:
        jobs.rows[1] = replace(jobs.rows[1], attempt=2)
        report({"stage": "apply"})
        pytest.fail("went on")

    assert run(monkeypatch, jobs, services, overtaken) == "lost"
    assert (jobs.rows[1].state, jobs.rows[1].attempt, jobs.results) == ("running", 2, {})


def test_the_lease_is_extended_while_the_work_goes_on_and_not_after(monkeypatch, services) -> None:
    jobs = LeasedJobs()
    enough = threading.Event()

    def slow(*_: object) -> dict[str, object]:
        deadline = time.monotonic() + 10
        while jobs.heartbeats < 2 and time.monotonic() < deadline:
            enough.wait(0.02)
        return {}

    assert run(monkeypatch, jobs, services, slow) == "done"
    assert jobs.heartbeats >= 2
    assert not [t for t in threading.enumerate() if t.name == "heartbeat"]


def test_a_heartbeat_that_fails_does_not_end_the_work(monkeypatch, services) -> None:
    jobs = LeasedJobs()

    def work_through(_payload: object, _services: object, report) -> dict[str, object]:
        jobs.is_away = True
        report({"stage": "read"})
        jobs.is_away = False
        return {}

    assert run(monkeypatch, jobs, services, work_through) == "done"


@dataclass
class MovedClock:
    time: datetime = START

    def now(self) -> datetime:
        return self.time


@dataclass
class Swept:
    jobs: LeasedJobs
    clock: MovedClock = field(default_factory=MovedClock)
    published: list[tuple[int, int]] = field(default_factory=list)
    broker_is_away: bool = False

    def __post_init__(self) -> None:
        self.sweeper = Sweeper(self.jobs, self.publish, self.clock, max_attempts=3)  # pyright: ignore[reportArgumentType]

    def publish(self, job: Job) -> None:
        if self.broker_is_away:
            raise DependencyUnavailable
        self.published.append((job.id, job.attempt))

    def after(self, delay: timedelta) -> int:
        self.clock.time += delay
        return self.sweeper.sweep()


def test_a_waiting_job_is_published_and_not_at_every_sweep() -> None:
    swept = Swept(LeasedJobs())
    assert [swept.after(timedelta(seconds=2)) for _ in range(3)] == [1, 0, 0]
    assert swept.after(REPUBLISH_AFTER) == 1


def test_a_job_is_published_once_the_broker_is_back() -> None:
    swept = Swept(LeasedJobs(), broker_is_away=True)
    assert swept.after(timedelta(0)) == 0
    swept.broker_is_away = False
    assert swept.after(timedelta(seconds=2)) == 1


def test_a_failed_attempt_waits_longer_each_time() -> None:
    waits = []
    for attempt in (1, 2, 3, 9):
        swept = Swept(LeasedJobs({1: make_job(attempt=attempt)}))
        swept.after(timedelta(0))
        seconds = 0
        while not swept.published:
            seconds += 1
            swept.after(timedelta(seconds=1))
        waits.append(seconds)
    assert waits == [5, 15, 45, 60]


def test_a_sweep_survives_a_record_that_is_away() -> None:
    swept = Swept(LeasedJobs(is_away=True))
    assert swept.after(timedelta(0)) == 0
    swept.jobs.is_away = False
    assert swept.after(timedelta(seconds=2)) == 1
    assert swept.jobs.buried == 2


KNOWN = [Source(uri="file:///lake/a%20b", access_uri="file:///readers.json"), Source(uri="file:///lake/c")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, [["file:///lake/a%20b"], ["file:///lake/c"]]),
        ("/lake/a b", [["file:///lake/a%20b"]]),
        ("file:///lake/c", [["file:///lake/c"]]),
        ("/elsewhere", [["/elsewhere"]]),
    ],
)
def test_a_reindex_reads_known_sources_which_keep_their_access_lists(wanted, expected, monkeypatch) -> None:
    ran: list[list[str]] = []

    def run(job: str, arguments: list[str], settings: Settings, *, on_progress: object) -> dict[str, object]:
        assert "--access" not in arguments
        assert ("--allow-deletions" in arguments) == (wanted is None)
        ran.append([argument for argument in arguments if argument.startswith(("/", "file:"))])
        return {"job": job}

    monkeypatch.setattr(work, "run_spark_job", run)
    services = SimpleNamespace(store=SimpleNamespace(sources=lambda _: KNOWN), settings=Settings())
    payload = {"collection": "lake", "source": wanted, "allowDeletions": wanted is None}
    result = work.reindex(payload, services, lambda _: None)
    assert ran == expected
    assert result == {"sources": [{"job": "ingest"}] * len(expected)}
