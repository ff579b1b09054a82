"""What a record collects beside documents, and how long it stays. Run as `kgqa_owner`, beside the running system.

Documents are not aged: they go when their source drops them or somebody deletes them. Registers of streams stay for
ever: without them a replayed event would bring a deleted document back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as compose

from kgqa.adapters.postgres.publish import lock_collection
from kgqa.adapters.postgres.scan import owner_connection
from kgqa.adapters.postgres.statements import load

#: what abandoned runs have staged in one collection: count -> statement, file
_STAGED = (
    ("versions", "drop_staged_versions", "retention"),
    ("deletions", "drop_staged_deletions", "retention"),
    ("chunks", "drop_staged_chunks", "retention"),
    ("documents", "drop_staged_documents", "retention"),
    ("masked_values", "drop_unused_secrets", "publish"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Days after which something goes; 0: it stays."""

    #: since a job ended
    jobs: int
    #: since the last message of a conversation
    conversations: int
    #: since an ingest run ended
    runs: int
    #: since something was last staged under a run that did not end
    staged: int
    #: since an audit event
    audit: int


def drop_old(owner_url: str, ages: Ages) -> dict[str, int]:
    """Remove what is older than that; rows by kind, only of what has an age. Safe to repeat and to cut off."""
    dropped: dict[str, int] = {}
    with owner_connection(owner_url) as connection:
        if ages.jobs:
            dropped["jobs"] = _dropped(connection, "drop_jobs", ages.jobs)
        if ages.conversations:
            dropped["conversations"] = _dropped(connection, "drop_conversations", ages.conversations)
        if ages.staged:
            dropped["abandoned"] = _dropped(connection, "abandon_runs", ages.staged)
            dropped |= _drop_staged(connection, ages.staged)
            dropped["raw_contents"] = _dropped(connection, "drop_unused_raw_content", ages.staged)
        if ages.runs:
            dropped["runs"] = _dropped(connection, "drop_runs", ages.runs)
        if ages.audit:
            dropped["audit_events"] = _dropped(connection, "drop_audit_events", ages.audit)
    return dropped


def analyse_record(owner_url: str) -> int:
    """Bring the planner's statistics of every table up to date; how many tables. Nobody waits for it.

    As the owner: tables that were made after the first migration are not the pipeline's to maintain, nor are any before
    PostgreSQL 17.
    """
    with owner_connection(owner_url) as connection:
        tables = connection.execute(load("retention")["own_tables"]).fetchall()
        for (table,) in tables:
            connection.execute(compose.SQL("analyze {}").format(compose.Identifier(table)))
    return len(tables)


def _drop_staged(connection: psycopg.Connection[tuple[Any, ...]], days: int) -> dict[str, int]:
    """Collection by collection, while nobody stages or publishes there: a chunk may stand in a newer version, too."""
    dropped = {kind: 0 for kind, _, _ in _STAGED}
    found = connection.execute(load("retention")["collections_of_abandoned"], {"days": days}).fetchall()
    for (collection,) in found:
        with connection.transaction():
            lock_collection(connection, collection)
            for kind, statement, file in _STAGED:
                bound = {"collection": collection, "days": days}
                dropped[kind] += connection.execute(load(file)[statement], bound).rowcount
    return dropped


def _dropped(connection: psycopg.Connection[tuple[Any, ...]], statement: str, days: int) -> int:
    return connection.execute(load("retention")[statement], {"days": days}).rowcount
