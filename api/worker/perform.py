"""One attempt at one job: claim it, keep the lease alive, work, and write the end under the attempt's number."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from api.worker.work import WORK, WorkServices
from kgqa.errors import DependencyUnavailable, InvalidInput, KgqaError
from kgqa.logs import logger
from kgqa.model.job import Job
from kgqa.ports import JobQueue

log = logger(__name__)

#: the lease is extended this often before it runs out
_HEARTBEATS = 4
#: attempts that end because a server is away count less: that is not the job's fault
_OUTAGE_PATIENCE = 10


class LeaseLost(Exception):
    """Somebody else has taken the job over: stop, and write nothing."""


class Lease:
    """The right to work on a job, kept by a thread that beats until the work ends."""

    def __init__(self, job: Job, jobs: JobQueue, seconds: int) -> None:
        self._job = job
        self._jobs = jobs
        self._seconds = seconds
        self._progress: Mapping[str, object] = job.progress
        self._lost = threading.Event()
        self._ended = threading.Event()

    @contextmanager
    def beating(self) -> Generator[None]:
        """Extend the lease for as long as the block runs."""
        thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def report(self, progress: Mapping[str, object]) -> None:
        """Say how far the work is. Raises LeaseLost when the job is no longer ours."""
        self._progress = dict(progress)
        self._extend()
        if self._lost.is_set():
            raise LeaseLost

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds / _HEARTBEATS):
            self._extend()

    def _extend(self) -> None:
        try:
            if not self._jobs.heartbeat(self._job, self._progress, self._seconds):
                self._lost.set()
        except DependencyUnavailable as problem:
            log.warning("job.heartbeat.failed", job=self._job.id, reason=problem.code)


def perform(job_id: int, jobs: JobQueue, services: WorkServices, owner: str) -> str | None:
    """The state that the job is in after this attempt; None when it was not ours to do."""
    limits = services.settings.limits
    job = jobs.claim(job_id, owner, limits.job_lease_seconds, max_attempts=limits.job_attempts)
    if job is None:
        return None
    log.info("job.started", job=job.id, kind=job.kind, attempt=job.attempt)
    lease = Lease(job, jobs, limits.job_lease_seconds)
    try:
        with lease.beating():
            state = _attempt(job, jobs, services, lease)
    except LeaseLost:
        state = "lost"
    log.info("job.ended", job=job.id, kind=job.kind, attempt=job.attempt, state=state)
    return state


def _attempt(job: Job, jobs: JobQueue, services: WorkServices, lease: Lease) -> str:
    attempts = services.settings.limits.job_attempts
    try:
        work = WORK.get(job.kind)
        if work is None:
            raise InvalidInput(f"There is no work called {job.kind!r}.")
        result = work(job.payload, services, lease.report)
    except LeaseLost:
        raise
    except DependencyUnavailable as problem:
        return jobs.fail(job, str(problem), retryable=True, max_attempts=attempts * _OUTAGE_PATIENCE)
    except KgqaError as problem:
        return jobs.fail(job, str(problem), retryable=problem.retryable, max_attempts=attempts)
    except Exception as problem:  # the edge of a worker process: the job has to end in the record
        log.error("job.failed", job=job.id, kind=job.kind, exc_info=problem)
        error = f"Something went wrong on our side ({type(problem).__name__})."
        return jobs.fail(job, error, retryable=True, max_attempts=attempts)
    return "done" if jobs.finish(job, result) else "lost"
