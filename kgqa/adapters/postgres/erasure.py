"""Erasing from the record: what a subject is in, what else says its name, and that nothing of it stays on disk.

Deleting documents is the store's work (`apply_delta`). This is what comes before and after, as role `kgqa_owner`, and
where a superuser's URL is known (the embedded server), as superuser.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from kgqa.adapters.postgres.scan import Watch, escaped_patterns, owner_connection
from kgqa.adapters.postgres.statements import load
from kgqa.model.erasure import SubjectDocument
from kgqa.text.needle import Needle

#: most rounds of writing through the write-ahead log and removing it: somebody may write meanwhile
_ROUNDS = 10
#: how long transactions are waited for that began before what was deleted was deleted
_PATIENCE_SECONDS = 30.0


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

    Each table is locked while it is rewritten. Transactions that began before are waited for, for half a minute.
    """
    undone: list[str] = []
    statements = load("erasure")
    with owner_connection(owner_url) as connection:
        connection.execute(statements["abandon_runs"])
        undone += _wait_for_transactions(connection, watch)
        for (table,) in connection.execute(statements["own_tables"]).fetchall():
            watch(table)
            connection.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(table)))
    if superuser_url is None:
        undone.append(
            "planner samples, statement texts and the write-ahead log need a superuser:"
            " VACUUM FULL pg_statistic; SELECT pg_stat_statements_reset(); then, with wal_recycle off, SELECT"
            " pg_switch_wal(); CHECKPOINT, until only the current segment is left"
        )
        return undone
    with owner_connection(superuser_url) as connection:
        undone += _wait_for_transactions(connection, watch)
        watch("planner samples")
        connection.execute(statements["statistics"])
        connection.execute(statements["forget_queries"])
        watch("write-ahead log")
        if left := _drop_log(connection):
            undone.append(
                f"{left} segments of the write-ahead log were kept: a replication slot, wal_keep_size or an archive"
                " that does not keep up holds them"
            )
    return undone


def flush(superuser_url: str) -> None:
    """Write what is in memory to the files."""
    with owner_connection(superuser_url) as connection:
        connection.execute(load("erasure")["checkpoint"])


def _wait_for_transactions(connection: psycopg.Connection[tuple[object, ...]], watch: Watch) -> list[str]:
    """Until nobody sees rows that are deleted by now, or patience ends; a sentence if somebody still does."""
    watch("transactions that are open")
    statements = load("erasure")
    (now,) = connection.execute(statements["now"]).fetchone() or ("",)
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        (waiting,) = connection.execute(statements["looking_back"], {"now": now}).fetchone() or (0,)
        if not waiting:
            return []
        if time.monotonic() > end:
            return [f"{waiting} sessions were in a transaction: rows that they may see stay until the next time"]
        time.sleep(0.1)


def _drop_log(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Leave the current segment of the write-ahead log alone; how many others are still there.

    Checkpoints keep finished segments as the next ones, with what they held. All are written through and removed.
    """
    statements = load("erasure")
    connection.execute(statements["no_recycling"])
    connection.execute(statements["reload"])
    try:
        later = earlier = 0
        for _ in range(_ROUNDS):
            for _ in range(later + 1):
                connection.execute(statements["next_segment"])
            connection.execute(statements["checkpoint"])
            row = connection.execute(statements["other_segments"]).fetchone()
            later, earlier = (int(str(count)) for count in row or (0, 0))
            if later + earlier == 0:
                return 0
        return later + earlier
    finally:
        connection.execute(statements["recycling"])
        connection.execute(statements["reload"])
