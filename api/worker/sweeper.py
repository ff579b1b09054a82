"""The sweeper: jobs that should run and do not are published again, jobs that kill their workers are buried.

It needs nothing from Redis but that it takes messages: with the broker wiped, every job still runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from kgqa.errors import DependencyUnavailable
from kgqa.logs import logger
from kgqa.model.job import Job
from kgqa.ports import Clock, JobQueue

log = logger(__name__)

#: a job that still waits this long after it was published is published again
REPUBLISH_AFTER = timedelta(seconds=15)
#: a failed attempt waits before the next one, three times as long each time
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(seconds=60)


class SweptJobs(JobQueue, Protocol):
    """The queue, and what only the sweeper does to it."""

    def bury(self, max_attempts: int) -> int:
        """Jobs that ended their worker `max_attempts` times are dead from now on; how many."""
        ...


class Sweeper:
    """Remembers what it published, so that a busy worker is not flooded."""

    def __init__(self, jobs: SweptJobs, publish: Callable[[Job], None], clock: Clock, *, max_attempts: int) -> None:
        self._jobs = jobs
        self._publish = publish
        self._clock = clock
        self._max_attempts = max_attempts
        #: by job and attempt, when it may be published (again)
        self._ready: dict[tuple[int, int], datetime] = {}

    def sweep(self) -> int:
        """Bury and publish once; number of jobs published. What fails is tried again at the next sweep."""
        try:
            if dead := self._jobs.bury(self._max_attempts):
                log.error("job.dead", jobs=dead)
            due = self._jobs.due()
        except DependencyUnavailable as problem:
            log.warning("job.sweep.failed", reason=problem.code)
            return 0
        now = self._clock.now()
        waiting = {(job.id, job.attempt): job for job in due}
        self._ready = {key: self._ready.get(key, now + _delay(job)) for key, job in waiting.items()}
        count = 0
        for key, job in waiting.items():
            if now < self._ready[key]:
                continue
            try:
                self._publish(job)
            except DependencyUnavailable as problem:
                log.warning("job.publish.failed", job=job.id, reason=problem.code)
                break
            self._ready[key] = now + REPUBLISH_AFTER
            count += 1
        return count


def _delay(job: Job) -> timedelta:
    """How long a job that has just become due waits: not at all unless an attempt failed."""
    if job.state != "queued" or job.attempt == 0:
        return timedelta(0)
    return min(FIRST_DELAY * 3 ** min(job.attempt - 1, 5), LONGEST_DELAY)
