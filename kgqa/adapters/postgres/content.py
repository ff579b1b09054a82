"""What a record says, in a form in which two records can be compared: for tests and soak runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load

Content = Mapping[str, Sequence[str]]


def record_content(connection: Connection) -> Content:
    """Rows by table, sorted; equal for records that hold the same documents. Sized like the record.

    `connection` sees all rows: it is of role kgqa_pipeline or kgqa_owner.
    """
    return {table: sorted(map(repr, connection.execute(query))) for table, query in load("content").items()}


def differences(expected: Content, found: Content) -> list[str]:
    """A line per table that differs, with an example; empty where the records agree."""
    lines: list[str] = []
    for table, rows in expected.items():
        missing, unexpected = set(rows) - set(found[table]), set(found[table]) - set(rows)
        if missing or unexpected or len(rows) != len(found[table]):
            example = next(iter(sorted(missing) or sorted(unexpected)), "a row more than once")
            lines.append(f"{table}: {len(missing)} missing, {len(unexpected)} unexpected, for example {example[:300]}")
    return lines
