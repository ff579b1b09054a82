"""How far a job is: one JSON object a line for a program, a bar for a person, or nothing.

    {"stage": "read", "done": 120, "total": 600, "failed": 1}

Stages end with their seconds; the last line of a job is {"report": ...} or {"error": ...}.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from pyspark import Accumulator, SparkContext
from rich.console import Console

Mode = Literal["json", "rich", "none"]
_POLL_SECONDS = 0.5


class Stage:
    """One stage of a job with its counts."""

    def __init__(self, name: str, total: int | None, show: Progress) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.failed = 0
        self.seconds = 0.0
        self._show = show

    def update(self, done: int, failed: int = 0) -> None:
        """So much is done now, of which so much failed. Says nothing when nothing moved."""
        if (done, failed) != (self.done, self.failed):
            self.done, self.failed = done, failed
            self._show.say(self)

    @contextmanager
    def watching(self, context: SparkContext) -> Generator[Counters]:
        """Counters that tasks add to, shown while the Spark job inside the block runs."""
        counters = Counters(done=context.accumulator(0), failed=context.accumulator(0))
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_POLL_SECONDS):
                self.update(counters.done.value, counters.failed.value)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield counters
        finally:
            ended.set()
            watcher.join()
            self.update(counters.done.value, counters.failed.value)


class Counters:
    """Numbers that tasks add to; they reach the driver as tasks end. Passed to tasks as part of their closure."""

    def __init__(self, *, done: Accumulator[int], failed: Accumulator[int]) -> None:
        self.done = done
        self.failed = failed


class Progress:
    """Says what the stages of one job do."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._console = Console(stderr=True, highlight=False)
        self.stages: list[Stage] = []

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Generator[Stage]:
        """A stage, from its start to its end; its seconds are taken."""
        stage = Stage(name, total, self)
        self.stages.append(stage)
        self.say(stage)
        start = time.perf_counter()
        try:
            yield stage
        finally:
            stage.seconds = time.perf_counter() - start
        self.say(stage)

    def say(self, stage: Stage) -> None:
        """Show a stage as it is now."""
        if self._mode == "json":
            message: dict[str, object] = {"stage": stage.name, "done": stage.done, "total": stage.total}
            message["failed"] = stage.failed
            if stage.seconds:
                message["seconds"] = round(stage.seconds, 3)
            self._print(message)
        elif self._mode == "rich":
            of = f"/{stage.total}" if stage.total is not None else ""
            failed = f", {stage.failed} failed" if stage.failed else ""
            seconds = f"  {stage.seconds:.1f} s" if stage.seconds else ""
            self._console.print(f"{stage.name:12} {stage.done}{of}{failed}{seconds}")

    def line(self, message: Mapping[str, Any]) -> None:
        """A message of a stream: a batch, or a warning."""
        if self._mode == "json":
            self._print(message)
        elif self._mode == "rich":
            self._console.print(json.dumps(message, default=str), markup=False)

    def report(self, report: Mapping[str, Any]) -> None:
        """The end: what the job did."""
        if self._mode == "json":
            self._print({"report": report})

    def error(self, code: str, message: str, hint: str | None) -> None:
        """The end: why the job stopped."""
        if self._mode == "json":
            self._print({"error": {"code": code, "message": message, "hint": hint}})

    def summary(self) -> list[dict[str, object]]:
        """Every stage with its counts, seconds and rate."""
        return [
            {
                "stage": stage.name,
                "done": stage.done,
                "failed": stage.failed,
                "seconds": round(stage.seconds, 3),
                "perSecond": round(stage.done / stage.seconds, 2) if stage.seconds else None,
            }
            for stage in self.stages
        ]

    def _print(self, message: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()
