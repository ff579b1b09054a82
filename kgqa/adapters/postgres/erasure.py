"""Erasing from the record: what a subject is in, what else says its name, and that nothing of it stays on disk.

Deleting documents is the store's work (`apply_delta`). This is what comes before and after, as role `kgqa_owner`, and
where a superuser's URL is known (the embedded server), as superuser.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from kgqa.adapters.postgres.scan import Watch, escaped_patterns, owner_connection
from kgqa.adapters.postgres.statements import load
from kgqa.model.erasure import SubjectDocument
from kgqa.text.needle import Needle

#: rounds of switching and removing the write-ahead log: the second removes what the first was still writing
_ROUNDS = 2


def subject_documents(owner_url: str, needle: Needle) -> Sequence[SubjectDocument]:
    """Documents, published or staged, that hold the subject, by collection and key."""
    bound = {"patterns": needle.sql_patterns(), "raw": escaped_patterns(needle)}
    with owner_connection(owner_url) as connection:
        return [
            SubjectDocument(collection=row[0], key=row[1], title=row[2], places=tuple(row[3]), source=row[4])
            for row in connection.execute(load("erasure")["subject_documents"], bound)
        ]


def cancel_jobs(owner_url: str, needle: Needle) -> int:
    """Cancel what waits or runs with the subject in it, before documents are deleted; how many jobs."""
    bound = {"patterns": needle.sql_patterns(), "raw": escaped_patterns(needle)}
    with owner_connection(owner_url) as connection:
        return connection.execute(load("erasure")["cancel_jobs"], bound).rowcount


def forget_subject(owner_url: str, needle: Needle) -> dict[str, int]:
    """Remove what jobs, conversations, events and streams say about the subject; rows changed by kind."""
    bound = {"patterns": needle.sql_patterns(), "raw": escaped_patterns(needle)}
    kinds = ("jobs", "messages", "titles", "feedback", "events", "files", "versions", "letters")
    with owner_connection(owner_url) as connection, connection.transaction():
        return {kind: connection.execute(load("erasure")[f"forget_{kind}"], bound).rowcount for kind in kinds}


def compact(owner_url: str, superuser_url: str | None, watch: Watch) -> Sequence[str]:
    """Rewrite every table and index without dead rows, then let go of the write-ahead log; what could not be done.

    Each table is locked while it is rewritten. Run it when nobody has a long transaction open.
    """
    undone: list[str] = []
    statements = load("erasure")
    with owner_connection(owner_url) as connection:
        connection.execute(statements["abandon_runs"])
        if waiting := _value(connection, "unvacuumed"):
            undone.append(f"{waiting} sessions were in a transaction: rows that they may see stay until the next time")
        for (table,) in connection.execute(statements["own_tables"]).fetchall():
            watch(table)
            connection.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(table)))
    if superuser_url is None:
        undone.append(
            "planner samples, statement texts and the write-ahead log need a superuser:"
            " VACUUM FULL pg_statistic; SELECT pg_stat_statements_reset(); SELECT pg_switch_wal(); CHECKPOINT"
        )
        return undone
    with owner_connection(superuser_url) as connection:
        watch("planner samples")
        connection.execute(statements["statistics"])
        connection.execute(statements["forget_queries"])
        watch("write-ahead log")
        _drop_log(connection)
    return undone


def flush(superuser_url: str) -> None:
    """Write what is in memory to the files."""
    with owner_connection(superuser_url) as connection:
        connection.execute(load("erasure")["checkpoint"])


def _drop_log(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Remove finished segments of the write-ahead log instead of keeping them for reuse."""
    statements = load("erasure")
    connection.execute(statements["no_recycling"])
    connection.execute(statements["reload"])
    try:
        for _ in range(_ROUNDS):
            connection.execute(statements["switch_wal"])
            connection.execute(statements["checkpoint"])
    finally:
        connection.execute(statements["recycling"])
        connection.execute(statements["reload"])


def _value(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> int:
    row = connection.execute(load("erasure")[statement]).fetchone()
    return int(str(row[0])) if row else 0
