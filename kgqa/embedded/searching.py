"""Looking for a token in everything that holds data: the stores as they answer, a dump, and the files below them.

Everything is read in pieces; no store is ever in memory. A search that could not be made says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from psycopg.conninfo import conninfo_to_dict

from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.scan import search_graph
from kgqa.adapters.postgres.erasure import flush
from kgqa.adapters.postgres.scan import search_tables
from kgqa.adapters.redis.scan import search_keys
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.model.erasure import Search
from kgqa.settings import child_environment
from kgqa.text.needle import Needle

BLOCK_BYTES = 1 << 20
Watch = Callable[[str, str], None]
#: keywords of a connection that programs of Postgres take from the environment: a password has no place in a command
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
_PACKED = "short strings are packed with less than a byte for each character and are not seen here"


def search_everything(stack: Stack, endpoints: Endpoints, needle: Needle, watch: Watch) -> Iterator[Search]:
    """Every search, as it is done. `watch` is told the store and what is being looked at."""
    url = endpoints.postgres_superuser_url or endpoints.postgres_owner_url
    yield search_tables(url, needle, lambda what: watch("PostgreSQL tables", what))
    yield _search_dump(stack, url, needle, watch)
    yield from _search_postgres_files(stack, endpoints, needle, watch)
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        yield search_graph(driver, needle, lambda what: watch("Neo4j graph", what))
    neo4j = stack.neo4j_files()
    yield _search_server_files("Neo4j files", neo4j, needle, watch, limits=_PACKED)
    watch("Redis", "keys")
    yield search_keys(endpoints.redis_url, needle)
    home = stack.home.path
    apart = [path for path in (home / "logs", home / "postgres", neo4j) if path is not None]
    yield search_files("files of KGQA_HOME", [home], needle, watch, without=apart)
    yield search_files("logs", [home / "logs"], needle, watch)


def search_files(
    store: str, roots: Sequence[Path], needle: Needle, watch: Watch, *, without: Sequence[Path] = (), limits: str = ""
) -> Search:
    """The bytes and the names of all files below some directories. Links are not followed."""
    found: dict[str, int] = {}
    files = size = 0
    for path in _files(roots, set(without)):
        watch(store, path.name)
        name = os.fsencode(path.name)
        try:
            with path.open("rb") as file:
                hits = needle.find_in([name, b"\0"]) + needle.find_in(_blocks(file))
                size += file.tell()
        except FileNotFoundError:
            continue  # servers remove files while we look
        except OSError as problem:
            return Search(store=store, skipped=f"{path} cannot be read: {problem.strerror}")
        files += 1
        if hits:
            found[os.fspath(path)] = hits
    return Search(store=store, searched={"files": files, "bytes": size}, found=found, limits=limits)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The content in blocks; what was set aside and never written (zeros, most of a log of transactions) in short."""
    while block := file.read(BLOCK_BYTES):
        yield block if block.strip(b"\0") else b"\0"


def _files(roots: Iterable[Path], without: set[Path]) -> Iterator[Path]:
    for root in roots:
        for directory, folders, files in os.walk(root):
            here = Path(directory)
            folders[:] = sorted(name for name in folders if here / name not in without)
            yield from (here / name for name in sorted(files) if not (here / name).is_symlink())


def _search_server_files(
    store: str, root: Path | None, needle: Needle, watch: Watch, *, without: Sequence[Path] = (), limits: str = ""
) -> Search:
    if root is None:
        return Search(store=store, skipped="the server is not embedded: its files are not here")
    return search_files(store, [root], needle, watch, without=without, limits=limits)


def _search_postgres_files(stack: Stack, endpoints: Endpoints, needle: Needle, watch: Watch) -> Iterator[Search]:
    data, _ = stack.postgres_files() or (None, None)
    if endpoints.postgres_superuser_url and data:
        flush(endpoints.postgres_superuser_url)
    log = data / "pg_wal" if data else None
    yield _search_server_files(
        "PostgreSQL files", data, needle, watch, without=[log] if log else [], limits="compressed values are not seen"
    )
    yield _search_server_files(
        "PostgreSQL write-ahead log", log, needle, watch, limits="compressed values are not seen"
    )


def _search_dump(stack: Stack, url: str, needle: Needle, watch: Watch) -> Search:
    """A dump of the whole database, large objects included, read as it comes and never stored."""
    store = "PostgreSQL dump"
    embedded = stack.postgres_files()
    program = embedded[1] if embedded else shutil.which("pg_dump")
    if program is None:
        return Search(store=store, skipped="there is no pg_dump on PATH")
    known = conninfo_to_dict(url)
    environment = {variable: str(known[name]) for name, variable in _VARIABLES.items() if known.get(name)}
    rights = [] if embedded else ["--enable-row-security"]
    watch(store, "pg_dump")
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [os.fspath(program), "--no-password", *rights],
            env=child_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        counted = _Counted(child)
        try:
            hits = needle.find_in(counted)
            code = child.wait()
        finally:
            child.kill()
            child.wait()
        errors.seek(0)
        problem = errors.read().decode(errors="replace").strip()
    if code:
        return Search(store=store, skipped=f"pg_dump failed: {problem.splitlines()[-1] if problem else code}")
    return Search(store=store, searched={"bytes": counted.size}, found={"the dump": hits} if hits else {})


class _Counted:
    """The output of a process in blocks, with its size."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        self._stdout = child.stdout
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        with self._stdout:
            while block := self._stdout.read(BLOCK_BYTES):
                self.size += len(block)
                yield block
