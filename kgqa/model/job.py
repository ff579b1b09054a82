"""Asynchronous work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A unit of asynchronous work. The row is the truth; the broker only wakes workers."""

    id: int
    kind: str
    #: queued, running, done, failed, dead, cancelled
    state: str
    #: fencing token: counts from 1
    attempt: int
    payload: Mapping[str, object]
    progress: Mapping[str, object]
    error: str | None
    requested_by: str
    created_at: datetime
