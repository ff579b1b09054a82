"""Jobs, and what mutations return."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from kgqa.errors import KgqaError
from kgqa.model.job import Job as JobValue
from kgqa.model.library import Collection as CollectionValue


@strawberry.enum(description="Where a job stands. `done`, `failed`, `dead` and `cancelled` are ends.")
class JobState(Enum):
    """States of a job; `dead`: its attempts are used up."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"


@strawberry.type(description="Asynchronous work that the caller asked for.")
class Job(relay.Node):
    """A job."""

    number: relay.NodeID[str]
    kind: str
    state: JobState
    attempt: int
    progress: JSON
    error: str | None
    created_at: datetime


@strawberry.type(description="A set of documents with one graph and one index; counts are of what the caller may read.")
class Collection:
    """A collection."""

    name: str
    documents: int
    chunks: int


@strawberry.type(description="What the caller has to change.")
class UserError:
    """An expected failure of a mutation."""

    code: str
    message: str
    hint: str | None
    field: list[str] | None


@strawberry.type(description="The job that does it, or what the caller has to change.")
class JobPayload:
    """What every mutation returns."""

    job: Job | None
    user_errors: list[UserError]


def job(value: JobValue) -> Job:
    """A job."""
    return Job(
        number=str(value.id),
        kind=value.kind,
        state=JobState(value.state),
        attempt=value.attempt,
        progress=JSON(dict(value.progress)),
        error=value.error,
        created_at=value.created_at,
    )


def collection(value: CollectionValue) -> Collection:
    """A collection."""
    return Collection(name=value.name, documents=value.documents, chunks=value.chunks)


def refused(problem: KgqaError, *field: str) -> JobPayload:
    """A mutation that was not accepted."""
    error = UserError(code=problem.code, message=problem.message, hint=problem.hint, field=list(field) or None)
    return JobPayload(job=None, user_errors=[error])
