"""Erasing below the stores: what stays on disk after rows and nodes were deleted.

Postgres rewrites its tables and indexes and lets go of its write-ahead log. Neo4j has no way to clear the bytes of
what was deleted, but it is a projection: its store is thrown away and made anew. Leftovers of Spark go, and lines of
logs that say the subject are blanked.
"""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from kgqa.adapters.neo4j.admin import apply_schema
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.scan import checkpoint
from kgqa.adapters.postgres.erasure import compact, flush
from kgqa.adapters.redis.scan import forget_keys
from kgqa.embedded.searching import BLOCK_BYTES, Watch
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import Conflict
from kgqa.text.needle import Needle


def purge(
    stack: Stack, endpoints: Endpoints, needles: Sequence[Needle], rebuild: Callable[[], None], watch: Watch
) -> Sequence[str]:
    """Leave nothing on disk of what was deleted, nor log lines and keys of Redis that say one of the needles.

    `rebuild` projects the record into an empty graph. What could not be done comes back as sentences. Raises Conflict
    while a Spark job runs.
    """
    _refuse_beside_spark(stack)
    watch("files", "leftovers of Spark")
    remove_leftovers(stack.home.path / "spark")
    undone = list(
        compact(endpoints.postgres_owner_url, endpoints.postgres_superuser_url, lambda what: watch("PostgreSQL", what))
    )
    watch("Neo4j", "new store")
    if stack.renew_neo4j():
        with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
            apply_schema(driver)
        rebuild()
    else:
        with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
            checkpoint(driver)
        undone.append(
            "Neo4j is not embedded: bytes of deleted nodes and its transaction logs stay in its files until they are"
            " used again. Replace its data directory by an empty one and run `kgqa rebuild-graph`"
        )
    watch("Redis", "keys")
    for needle in needles:
        forget_keys(endpoints.redis_url, needle)
    watch("files", "logs")
    for log in sorted((stack.home.path / "logs").rglob("*")):
        if log.is_file():
            for needle in needles:
                blank_lines(log, needle)
    if endpoints.postgres_superuser_url:
        flush(endpoints.postgres_superuser_url)
    return undone


def remove_leftovers(folder: Path) -> None:
    """Remove what Spark jobs that were killed have left: shuffled documents, rules of the dictionary."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def blank_lines(log: Path, needle: Needle) -> int:
    """Overwrite lines that hold the token by dots, in place: who writes the file goes on writing. How many lines."""
    blanked = 0
    with log.open("r+b") as file:
        if needle.find_in(iter(lambda: file.read(BLOCK_BYTES), b"")) == 0:
            return 0
        with mmap.mmap(file.fileno(), 0) as content:
            start = 0
            while start < len(content):
                end = content.find(b"\n", start)
                end = len(content) if end < 0 else end
                if needle.find_in([content[start:end]]):
                    content[start:end] = b"." * (end - start)
                    blanked += 1
                start = end + 1
    return blanked


def _refuse_beside_spark(stack: Stack) -> None:
    folder = str(stack.home.path / "spark")
    for process in psutil.process_iter(["cmdline"]):
        if any(folder in word for word in process.info["cmdline"] or ()):
            raise Conflict("A Spark job is running; it may hold what is to be erased.", hint="wait for its end.")
