"""Child processes of the command line: the Spark job, the API and the worker, started as modules, never imported.

Every child ends with its parent: it is stopped at the end, and `follow_parent` ends it when the parent is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from kgqa.errors import DependencyUnavailable, KgqaError, error_of
from kgqa.settings import Settings, child_environment

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 20


def follow_parent(settings: Settings) -> None:
    """Called first thing by a child that this module started: end when the parent ends, however it ends."""
    if not settings.parent_pid:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != settings.parent_pid:
        sys.exit(0)


def _environment(settings: Settings) -> dict[str, str]:
    return child_environment(
        {"KGQA_HOME": str(settings.home), "KGQA_PARENT_PID": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    )


def start_module(
    module: str, arguments: Sequence[str], settings: Settings, *, log: Path | None = None
) -> subprocess.Popen[str]:
    """`python -m MODULE ARGUMENTS`, with this process's settings; output to `log`, or captured line by line."""
    environment = _environment(settings)
    command = [sys.executable, "-m", module, *arguments]
    if log is None:
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True)


def stop(child: subprocess.Popen[str]) -> None:
    """Ask it to end, then make it."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def run_spark_job(
    job: str,
    arguments: Sequence[str],
    settings: Settings,
    *,
    on_progress: Callable[[Mapping[str, object]], None] | None = None,
    on_line: Callable[[Mapping[str, object]], None] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Mapping[str, object]:
    """Run one Spark job to its end; its last line is its report.

    Raises KgqaError with the job's own message when it fails. Progress lines are JSON objects with a `stage`; streams
    say a `batch` or a `warning` (`on_line`). `extra`: settings of the job, as environment variables.
    """
    log = settings.home / "logs" / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**_environment(settings), **(extra or {})}
    last: Mapping[str, object] = {}
    with log.open("a", encoding="utf-8") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "spark", job, *arguments, "--progress", "json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            for message in _messages(child):
                last = message
                if on_progress and "stage" in message:
                    on_progress(message)
                elif on_line and not {"report", "error"} & message.keys():
                    on_line(message)
            code = child.wait()
        finally:
            stop(child)
            assert child.stdout is not None
            child.stdout.close()
    report = last.get("report")
    if code != 0 or not isinstance(report, Mapping):  # a job that was killed has none
        raise _failure(last, code, log)
    return cast("Mapping[str, object]", report)


def _messages(child: subprocess.Popen[str]) -> Iterator[Mapping[str, object]]:
    """The JSON lines that a child prints; other lines are not for us."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def _failure(last: Mapping[str, object], code: int, log: Path) -> KgqaError:
    error = last.get("error")
    if isinstance(error, Mapping):
        hint = error.get("hint")
        return error_of(str(error.get("code")), str(error.get("message")), str(hint) if hint else None)
    return DependencyUnavailable(
        f"The Spark job ended with exit code {code} before it was done.",
        hint=f"see {log}; running the command again resumes where it stopped.",
    )


@contextmanager
def running_module(
    module: str, arguments: Sequence[str], settings: Settings, log: Path
) -> Generator[subprocess.Popen[str]]:
    """A module that runs beside us, and ends with the block."""
    child = start_module(module, arguments, settings, log=log)
    try:
        yield child
    finally:
        stop(child)
