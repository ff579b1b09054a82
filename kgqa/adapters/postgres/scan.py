"""Looking for a token in a whole database: every column of every table that can hold text, row by row on the server."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from kgqa.adapters.postgres.statements import load
from kgqa.errors import DependencyUnavailable
from kgqa.model.erasure import Search
from kgqa.text.needle import Needle

#: told what is being looked at
Watch = Callable[[str], None]


def search_tables(url: str, needle: Needle, watch: Watch) -> Search:
    """All tables that the role of `url` may read, of every schema, system tables too. Long values are detoasted."""
    bound = {"patterns": needle.sql_patterns(), "raw": escaped_patterns(needle)}
    tables = columns = rows = 0
    found: dict[str, int] = {}
    with owner_connection(url) as connection:
        for schema, table, texts in connection.execute(load("erasure")["tables"]).fetchall():
            if not texts:
                continue
            watch(f"{schema}.{table}")
            counts = connection.execute(_count(schema, table, texts), bound).fetchone()
            assert counts is not None
            tables, columns, rows = tables + 1, columns + len(texts), rows + counts[0]
            for (column, _), hits in zip(texts, counts[1:], strict=True):
                if hits:
                    found[f"{schema}.{table}.{column}"] = hits
        watch("documents that jobs carry")
        with connection.transaction(), connection.cursor(name="uploads") as cursor:
            cursor.itersize = 1
            for job, content in cursor.execute(load("erasure")["waiting_uploads"]):
                if hits := needle.find_in([content]):
                    found[f"public.job.payload (document of job {job})"] = hits
    return Search(
        store="PostgreSQL tables",
        searched={"tables": tables, "columns": columns, "rows": rows},
        found=found,
        limits="compressed formats inside raw_content.data are not opened; their text is in document_version.text",
    )


@contextmanager
def owner_connection(url: str) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection in autocommit. Raises DependencyUnavailable."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.OperationalError as problem:
        raise DependencyUnavailable(f"PostgreSQL does not answer: {problem}", hint="run `kgqa status`.") from problem


def escaped_patterns(needle: Needle) -> list[str]:
    """Patterns for LIKE over bytes as `encode(..., 'escape')` writes them, in lower case."""
    written: list[str] = []
    for spelling in needle.spellings:
        bytes_ = (chr(b) if 0 < b < 128 else f"\\{b:03o}" for b in spelling.replace("\\", "\\\\").encode())
        written.append("".join(bytes_).lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    return [f"%{pattern}%" for pattern in dict.fromkeys(written)]


def _count(schema: str, table: str, columns: list[list[str]]) -> sql.Composed:
    """Rows of a table, and for each column how many of them hold the token."""
    text = sql.SQL(
        "count(*) filter (where {0}::text like any(%(patterns)s::text[])"
        " or lower({0}::text) like any(%(patterns)s::text[]))"
    )
    raw = sql.SQL("count(*) filter (where lower(encode({0}, 'escape')) like any(%(raw)s::text[]))")
    counts = [(raw if kind == "bytes" else text).format(sql.Identifier(name)) for name, kind in columns]
    return sql.SQL("select count(*), {} from {}").format(sql.SQL(", ").join(counts), sql.Identifier(schema, table))
