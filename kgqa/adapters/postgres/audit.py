"""The audit trail: who did what. Ids only, never text of documents."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.pool import Pool, connected
from kgqa.adapters.postgres.statements import load


def record_event(pool: Pool, subject: str, action: str, detail: Mapping[str, object]) -> None:
    """Append one event."""
    bound = {"subject": subject, "action": action, "detail": Jsonb(dict(detail))}
    with connected(pool) as connection:
        connection.execute(load("jobs")["record_event"], bound)
