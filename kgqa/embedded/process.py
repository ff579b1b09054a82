"""Processes that outlive the command that started them: start, find again, measure, stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from kgqa.settings import child_environment

LOG_BYTES = 20_000_000

# Servers outlive us, but while we live we are their parent: the handles are kept to reap them when they die.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a process runs as."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to start."""

    argv: Sequence[str]
    cwd: Path
    log: Path
    #: None: whoever we are
    account: Account | None = None
    environment: Mapping[str, str] | None = None


def launch(command: Command) -> int:
    """Start a process in a session of its own, so that Ctrl-C in our terminal does not reach it; its id."""
    if command.log.exists() and command.log.stat().st_size > LOG_BYTES:
        command.log.replace(command.log.with_suffix(".1.log"))
    account = command.account
    with command.log.open("ab") as log:
        child = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(dict(command.environment or {})),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children[child.pid] = child
    return child.pid


def is_alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def find(pid_file: Path, is_ours: Callable[[psutil.Process], bool]) -> int | None:
    """The process that `is_ours`: the one in the file, else any (the file may be lost or name a recycled id)."""
    with suppress(OSError, ValueError, psutil.Error):
        pid = int(pid_file.read_text(encoding="ascii"))
        if is_alive(pid) and is_ours(psutil.Process(pid)):
            return pid
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if is_ours(process) and is_alive(process.pid):
                return process.pid
    return None


def stop(pid: int, escalation: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait that many seconds for the end, until it comes."""
    for number, seconds in escalation:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.02)


def memory_bytes(pid: int) -> int:
    """Memory of a process and its descendants; pages that several share are counted once where the kernel says."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += _own_bytes(process)
    return total


def _own_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
