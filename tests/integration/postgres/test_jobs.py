"""Jobs and principals on the real server."""

from __future__ import annotations

import threading

import pytest

from kgqa.adapters.postgres.audit import record_event
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.policy import PostgresPolicy
from kgqa.errors import Conflict
from kgqa.model.answer import Caller

IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))
BOB = Caller(subject="user:bob", principals=("public", "user:bob"))


@pytest.fixture
def jobs(pools) -> PostgresJobQueue:
    return PostgresJobQueue(pools.pipeline)


def expire(pools, job_id: int) -> None:
    with pools.pipeline.connection() as connection:
        connection.execute("update job set lease_until = now() - interval '1 second' where id = %s", (job_id,))


def test_one_key_is_one_job_however_often_it_is_asked_for(jobs) -> None:
    made: list[int] = []

    def ask() -> None:
        made.append(jobs.enqueue("ingest", {"key": "a"}, key="k", requested_by="user:ivy").id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    with pytest.raises(Conflict):
        jobs.enqueue("ingest", {}, key="k", requested_by="user:bob")


def test_only_one_worker_gets_a_job_until_the_lease_runs_out(jobs, pools) -> None:
    job = jobs.enqueue("ingest", {"key": "a"}, key="k", requested_by="user:ivy")
    first = jobs.claim(job.id, "one", 60, max_attempts=3)
    assert first is not None
    assert (first.attempt, first.state) == (1, "running")
    assert jobs.claim(job.id, "two", 60, max_attempts=3) is None
    assert jobs.due() == []
    expire(pools, job.id)
    assert [j.id for j in jobs.due()] == [job.id]
    second = jobs.claim(job.id, "two", 60, max_attempts=3)
    assert second is not None
    assert second.attempt == 2
    assert not jobs.heartbeat(first, {"done": 1}, 60)
    assert not jobs.finish(first, {})
    assert jobs.heartbeat(second, {"done": 2}, 60)
    assert jobs.finish(second, {"indexed": 1})
    assert jobs.claim(job.id, "three", 60, max_attempts=3) is None


def test_a_fault_that_may_pass_is_tried_again_until_the_job_is_dead(jobs) -> None:
    job = jobs.enqueue("ingest", {}, key="k", requested_by="user:ivy")
    states = []
    for _ in range(3):
        claimed = jobs.claim(job.id, "one", 60, max_attempts=3)
        assert claimed is not None
        states.append(jobs.fail(claimed, "the server is away", retryable=True, max_attempts=3))
    assert states == ["queued", "queued", "dead"]
    other = jobs.enqueue("ingest", {}, key="l", requested_by="user:ivy")
    claimed = jobs.claim(other.id, "one", 60, max_attempts=3)
    assert claimed is not None
    assert jobs.fail(claimed, "no such file", retryable=False, max_attempts=3) == "failed"
    assert jobs.fail(claimed, "again", retryable=True, max_attempts=3) == "failed"


def test_a_job_that_kills_its_workers_is_buried(jobs, pools) -> None:
    job = jobs.enqueue("ingest", {}, key="k", requested_by="user:ivy")
    for _ in range(2):
        assert jobs.claim(job.id, "one", 60, max_attempts=3) is not None
        expire(pools, job.id)
    assert jobs.claim(job.id, "late", 60, max_attempts=2) is None
    assert jobs.bury(3) == 0
    assert jobs.bury(2) == 1
    assert jobs.due() == []
    assert jobs.counts() == {("dead", "ingest"): 1}


@pytest.mark.parametrize("role", ["app", "pipeline"])
def test_callers_see_their_own_jobs(pools, role: str) -> None:
    jobs = PostgresJobQueue(getattr(pools, role))
    job = jobs.enqueue("ingest", {}, key="k", requested_by="user:ivy")
    seen = jobs.job(IVY, job.id)
    assert seen is not None
    assert (seen.id, seen.state) == (job.id, "queued")
    assert jobs.job(BOB, job.id) is None


def test_groups_of_groups_count_and_circles_end(pools) -> None:
    policy = PostgresPolicy(pools.pipeline)
    policy.set_principals({"user:ivy": ["group:sales"], "group:sales": ["group:staff"], "group:staff": ["group:sales"]})
    assert policy.caller("user:ivy").principals == ("group:sales", "group:staff", "public", "user:ivy")
    assert policy.caller("user:nobody").principals == ("public",)
    policy.set_principals({"user:bob": []})
    assert policy.caller("user:ivy").principals == ("public",)
    assert policy.caller("user:bob").principals == ("public", "user:bob")


def test_events_are_appended_and_never_read_by_the_application(pools) -> None:
    record_event(pools.app, "user:ivy", "document.delete", {"id": 7})
    with pools.app.connection() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("select * from audit_event")
