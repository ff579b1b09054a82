"""What a task raised is what the job raises."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from kgqa.errors import Conflict, DependencyUnavailable
from spark.failures import error_of, task_errors

REPORT = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "worker.py", line 3, in stage
psycopg.OperationalError: the connection is lost

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "pool.py", line 51, in connected
    raise DependencyUnavailable(
kgqa.errors.Conflict: Another document has this id.
hint: choose another key.

\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
"""


def test_our_own_error_comes_back_with_its_hint() -> None:
    with pytest.raises(Conflict) as caught, task_errors():
        raise PySparkException(REPORT)
    assert (caught.value.message, caught.value.hint) == ("Another document has this id.", "choose another key.")


def test_a_stranger_is_unavailable_and_names_its_cause() -> None:
    error = error_of(REPORT.replace("kgqa.errors.Conflict", "psycopg.errors.UndefinedColumn"))
    assert isinstance(error, DependencyUnavailable)
    assert "psycopg.errors.UndefinedColumn: Another document has this id." in error.message


def test_a_report_without_a_traceback_is_quoted() -> None:
    assert "Job aborted" in error_of("Job aborted due to stage failure\n\tat x").message


def test_errors_of_the_driver_pass_through() -> None:
    with pytest.raises(ValueError, match="mine"), task_errors():
        raise ValueError("mine")
