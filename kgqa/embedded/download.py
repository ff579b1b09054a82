"""Downloads that survive being cut: parallel, resumed, verified, and visible only when complete.

A file grows as `NAME.part` beside its target and is renamed when its hash is right, so whoever sees the target sees
all of it. One process downloads at a time; a second one waits and then finds the files.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from kgqa.embedded.locking import exclusive
from kgqa.errors import DependencyUnavailable

WORKERS = 8
ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file to fetch."""

    url: str
    target: Path
    sha256: str
    #: bytes
    size: int


def download_all(
    wanted: Sequence[Download], *, title: str, lock: Path, console: Console | None = None, pause_seconds: float = 1
) -> None:
    """Fetch all files, in parallel. Raises DependencyUnavailable; what was fetched until then stays."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
    )
    lock.parent.mkdir(parents=True, exist_ok=True)
    with (
        exclusive(lock),
        progress,
        httpx.Client(verify=ssl.create_default_context(), timeout=30, follow_redirects=True) as client,
    ):
        fetch = _Fetch(client, progress, sum(file.size for file in wanted), title, pause_seconds)
        with ThreadPoolExecutor(WORKERS) as pool:
            problems = [problem for problem in pool.map(fetch, wanted) if problem]
    if problems:
        raise DependencyUnavailable(
            f"{len(problems)} of {len(wanted)} files could not be downloaded; the first: {problems[0]}",
            hint="check the network (HTTPS_PROXY, SSL_CERT_FILE, KGQA_MAVEN_REPOSITORY) and run this again: "
            "it goes on where it stopped.",
        )


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Fetch:
    """Fetches one file and moves the common bar; returns the problem, or None."""

    def __init__(self, client: httpx.Client, progress: Progress, total: int, title: str, pause_seconds: float) -> None:
        self._client = client
        self._progress = progress
        self._task = progress.add_task(title, total=total)
        self._pause_seconds = pause_seconds

    def __call__(self, file: Download) -> str | None:
        shown = _Share(self._progress, self._task)
        if _complete(file.target, file):  # another process was faster
            shown.at(file.size)
            return None
        file.target.parent.mkdir(parents=True, exist_ok=True)
        problem = "not tried"
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(self._pause_seconds * 2 ** (attempt - 1))
            try:
                return self._once(file, shown)
            except (httpx.HTTPError, OSError, ValueError) as failure:
                problem = f"{file.url}: {failure or type(failure).__name__}"
        return problem

    def _once(self, file: Download, shown: _Share) -> None:
        part = file.target.with_name(file.target.name + ".part")
        here = part.stat().st_size if part.exists() else 0
        if here < file.size:
            self._stream(file, part, here, shown)
        if not _complete(part, file):
            part.unlink(missing_ok=True)
            raise ValueError("the content does not match the locked hash")
        part.replace(file.target)

    def _stream(self, file: Download, part: Path, here: int, shown: _Share) -> None:
        """Append the rest of the file to `part`, or write all of it when the server does not resume."""
        headers = {"Range": f"bytes={here}-"} if here else {}
        with self._client.stream("GET", file.url, headers=headers) as response:
            response.raise_for_status()
            resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as out:
                for piece in response.iter_raw():
                    out.write(piece)
                    shown.at(out.tell())


class _Share:
    """What one file has contributed to the common bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._size = 0

    def at(self, size: int) -> None:
        """The file now has `size` bytes, be it more or less than before."""
        self._progress.advance(self._task, size - self._size)
        self._size = size


def _complete(path: Path, file: Download) -> bool:
    return path.exists() and path.stat().st_size == file.size and sha256_of(path) == file.sha256
