"""Logging goes to standard error, whatever that is at the time."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
import structlog

from kgqa.logs import configure_logs, logger


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_an_event_is_written_after_standard_error_was_replaced_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logs()
    logger("here").info("job.started", job=1)
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    logger("here").info("job.ended", job=1, token="t")
    assert "job.ended" in second.getvalue()
    assert "***" in second.getvalue()
