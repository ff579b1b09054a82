"""Locks between processes. The kernel lets go of them when the holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kgqa.errors import ConfigurationError, Conflict


@contextmanager
def exclusive(path: Path, *, timeout_seconds: float = 900) -> Generator[None]:
    """Hold the lock file `path` alone; waits for the holder. Raises Conflict when that takes too long."""
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise Conflict(f"{path} has been held by another process for {timeout_seconds:.0f} s.")
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


class Presence:
    """Says "I use this" to every other process, until `leave` or death."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Stop being present. Safe to repeat."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def anyone_present(path: Path) -> bool:
    """Whether a `Presence` of any process holds `path`."""
    descriptor = _open(path)
    try:
        return not try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take a lock of `kind` if that needs no waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise ConfigurationError(
            f"{path} belongs to another user.", hint="run as that user, or set KGQA_HOME to a directory of yours."
        ) from None
