"""Jobs: the row is the truth, a lease says who works on it, the attempt is the fencing token of every later write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.pool import Pool, connected, transaction
from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict
from kgqa.model.answer import Caller
from kgqa.model.job import Job


class PostgresJobQueue:
    """Works with either service role; `kgqa_app` may only ask for jobs and see those that it asked for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def enqueue(self, kind: str, payload: Mapping[str, object], *, key: str, requested_by: str) -> Job:
        """Insert a job; the same `key` twice gives the first job again."""
        sql = load("jobs")
        bound = {"kind": kind, "payload": Jsonb(dict(payload)), "key": key, "subject": requested_by}
        with transaction(self._pool) as connection:
            connection.execute(sql["as_subject"], bound)
            row = connection.execute(sql["enqueue"], bound).fetchone()
            row = row or connection.execute(sql["by_key"], bound).fetchone()
        if row is None:
            raise Conflict("This job key is in use.", hint="choose another key.")
        return _job(row)

    def claim(self, job_id: int, owner: str, lease_seconds: int, *, max_attempts: int) -> Job | None:
        """Start a job, or take it over when its worker died; None when held, ended, or out of attempts."""
        row = self._row("claim", id=job_id, owner=owner, lease=lease_seconds, max_attempts=max_attempts)
        return _job(row) if row else None

    def heartbeat(self, job: Job, progress: Mapping[str, object], lease_seconds: int) -> bool:
        """Extend the lease; False when the attempt is no longer ours."""
        bound = {"id": job.id, "attempt": job.attempt, "progress": Jsonb(dict(progress)), "lease": lease_seconds}
        return self._row("heartbeat", **bound) is not None

    def finish(self, job: Job, result: Mapping[str, object]) -> bool:
        """Done; False when the attempt is no longer ours."""
        return self._row("finish", id=job.id, attempt=job.attempt, result=Jsonb(dict(result))) is not None

    def fail(self, job: Job, error: str, *, retryable: bool, max_attempts: int) -> str:
        """The new state: queued again, failed, or dead; the present state when the attempt is no longer ours."""
        bound = {"id": job.id, "attempt": job.attempt, "error": error, "retryable": retryable}
        row = self._row("fail", **bound, max_attempts=max_attempts) or self._row("state", id=job.id)
        return str(row[0]) if row else "cancelled"

    def bury(self, max_attempts: int) -> int:
        """Jobs that have ended their worker `max_attempts` times are dead from now on; how many."""
        with connected(self._pool) as connection:
            return connection.execute(load("jobs")["bury"], {"max_attempts": max_attempts}).rowcount

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Jobs by (state, kind)."""
        with connected(self._pool) as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(load("jobs")["counts"])}

    def due(self, limit: int = 100) -> Sequence[Job]:
        """Queued jobs, and running ones whose lease has run out; oldest first."""
        with connected(self._pool) as connection:
            return [_job(row) for row in connection.execute(load("jobs")["due"], {"limit": limit})]

    def job(self, caller: Caller, job_id: int) -> Job | None:
        """A job that the caller asked for."""
        bound = {"id": job_id, "subject": caller.subject}
        with transaction(self._pool) as connection:
            connection.execute(load("jobs")["as_subject"], bound)
            row = connection.execute(load("jobs")["job"], bound).fetchone()
        return _job(row) if row else None

    def _row(self, statement: str, **bound: object) -> tuple[Any, ...] | None:
        with connected(self._pool) as connection:
            return connection.execute(load("jobs")[statement], bound).fetchone()


def _job(row: Sequence[Any]) -> Job:
    identity, kind, state, attempt, payload, progress, error, requested_by, created_at = row
    return Job(
        id=identity,
        kind=kind,
        state=state,
        attempt=attempt,
        payload=payload,
        progress=progress,
        error=error,
        requested_by=requested_by,
        created_at=created_at,
    )
