"""Errors of tasks, as the driver sees them: Spark hands over a traceback, callers expect the `KgqaError` in it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from kgqa import errors
from kgqa.errors import DependencyUnavailable, KgqaError

_RAISED = re.compile(r"^kgqa\.errors\.(\w+): (.+?)(?:\nhint: (.+?))?$", re.MULTILINE)


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
    for name, message, hint in _RAISED.findall(report):
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, KgqaError):
            return kind(message, hint=hint or None)
    lines = [line for line in report.splitlines() if line.strip()]
    return DependencyUnavailable(
        f"Spark could not do its work: {lines[0] if lines else 'no reason given'}",
        hint="the log has the whole report; running the command again resumes where it stopped.",
    )
