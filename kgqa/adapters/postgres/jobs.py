"""Jobs: `ports.JobQueue` on PostgreSQL. A lease says who works, the attempt is the fencing token of every write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.pool import Pool, transaction
from kgqa.adapters.postgres.statements import load
from kgqa.model.answer import Caller
from kgqa.ports import Job


class PostgresJobQueue:
    """The truth about jobs; the broker only wakes workers. Role `kgqa_pipeline`. See `ports.JobQueue`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def enqueue(self, kind: str, payload: Mapping[str, object], *, key: str, requested_by: str) -> Job:
        """Insert a job; the same `key` twice gives the first job again."""
        sql = load("jobs")
        parameters = {"kind": kind, "payload": Jsonb(dict(payload)), "key": key, "requested_by": requested_by}
        with transaction(self._pool) as connection:
            connection.execute(sql["enqueue"], parameters)
            row = connection.execute(sql["by_key"], {"key": key}).fetchone()
        assert row is not None
        return _job(row)

    def claim(self, job_id: int, owner: str, lease_seconds: int) -> Job | None:
        """Start or take over a job; None when somebody else holds it or it has ended."""
        row = self._one("claim", id=job_id, owner=owner, lease=lease_seconds)
        return _job(row) if row else None

    def heartbeat(self, job: Job, progress: Mapping[str, object], lease_seconds: int) -> bool:
        """Extend the lease; False when the attempt is no longer ours."""
        return bool(
            self._one("heartbeat", id=job.id, attempt=job.attempt, progress=Jsonb(dict(progress)), lease=lease_seconds)
        )

    def finish(self, job: Job, result: Mapping[str, object]) -> bool:
        """Done; False when the attempt is no longer ours."""
        return bool(self._one("finish", id=job.id, attempt=job.attempt, result=Jsonb(dict(result))))

    def fail(self, job: Job, error: str, *, retryable: bool, max_attempts: int) -> str:
        """The new state: queued again, failed, or dead; `lost` when the attempt is no longer ours."""
        row = self._one(
            "fail",
            id=job.id,
            attempt=job.attempt,
            error=error,
            retryable=retryable,
            max_attempts=max_attempts,
        )
        return str(row[0]) if row else "lost"

    def bury(self, max_attempts: int) -> int:
        """Jobs that ended their worker `max_attempts` times are dead from now on; how many."""
        with transaction(self._pool) as connection:
            return len(connection.execute(load("jobs")["bury"], {"max_attempts": max_attempts}).fetchall())

    def due(self, limit: int = 100) -> Sequence[Job]:
        """Queued jobs, and running ones whose lease has run out; oldest first."""
        with transaction(self._pool) as connection:
            return [_job(row) for row in connection.execute(load("jobs")["due"], {"limit": limit})]

    def job(self, caller: Caller, job_id: int) -> Job | None:
        """A job that the caller asked for."""
        row = self._one("by_id", id=job_id, subject=caller.subject)
        return _job(row) if row else None

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Jobs by (state, kind)."""
        with transaction(self._pool) as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(load("jobs")["counts"])}

    def _one(self, statement: str, **parameters: object) -> tuple[Any, ...] | None:
        with transaction(self._pool) as connection:
            return connection.execute(load("jobs")[statement], parameters).fetchone()


def _job(row: tuple[Any, ...]) -> Job:
    return Job(
        id=row[0],
        kind=row[1],
        state=row[2],
        attempt=row[3],
        payload=row[4],
        progress=row[5],
        error=row[6],
        requested_by=row[7],
        created_at=row[8],
    )
