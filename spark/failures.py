"""Errors of tasks, as the driver sees them: Spark hands over a traceback, callers expect the `KgqaError` in it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from kgqa import errors
from kgqa.errors import DependencyUnavailable, KgqaError

#: the last line of a Python traceback, with the hint that our errors print below their message
_RAISED = re.compile(r"^([A-Za-z_][\w.]*): (.+?)$(?:\nhint: (.+?)$)?", re.MULTILINE)


@contextmanager
def task_errors() -> Generator[None]:
    """Raise what a task raised. Anything else that Spark reports is a DependencyUnavailable: running again resumes."""
    try:
        yield
    except PySparkException as failure:
        raise error_of(str(failure)) from failure
    except Exception as failure:
        # py4j's own errors have no common type that PySpark exports
        if type(failure).__module__.startswith("py4j"):
            raise error_of(str(failure)) from failure
        raise


def error_of(report: str) -> KgqaError:
    """The KgqaError in Spark's report of a failed job."""
    _, _, traceback = report.rpartition("Traceback (most recent call last)")
    raised = _RAISED.search(traceback) or _RAISED.search(report)
    if raised:
        module, _, name = raised[1].rpartition(".")
        kind = getattr(errors, name, None) if module == errors.__name__ else None
        if isinstance(kind, type) and issubclass(kind, KgqaError):
            return kind(raised[2], hint=raised[3])
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    cause = raised[0].splitlines()[0] if raised else lines[0] if lines else "no reason given"
    return DependencyUnavailable(
        f"Spark could not do its work: {cause}",
        hint="the log has the whole report; running the command again resumes where it stopped.",
    )
