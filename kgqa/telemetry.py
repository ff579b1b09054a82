"""Durations and outcomes of steps, as Prometheus metrics. Labels never carry users, documents or text."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

STEP_SECONDS = Histogram("kgqa_step_duration_seconds", "Duration of one step of ask or ingest.", ["step"])
STEP_FAILURES = Counter("kgqa_step_failures_total", "Steps that ended in an error.", ["step"])
ANSWERS = Counter("kgqa_answers_total", "Answers by outcome.", ["outcome"])
TRANSLATIONS = Counter("kgqa_translations_total", "Passages that ingest wanted translated, by outcome.", ["outcome"])
HTTP_SECONDS = Histogram("kgqa_http_request_duration_seconds", "Duration of one HTTP request.", ["route", "status"])
JOBS = Gauge("kgqa_jobs", "Jobs by state and kind.", ["state", "kind"])
STREAM_EVENTS = Gauge("kgqa_stream_events", "Events that streams have applied, by outcome.", ["stream", "outcome"])
STREAM_LAG = Gauge("kgqa_stream_lag_seconds", "Age of the oldest event of a stream's last batch.", ["stream"])


@contextmanager
def step(name: str, timings: dict[str, float] | None = None) -> Generator[None]:
    """Time a step named like its module (`ask.expand`); also into `timings` when given."""
    start = time.perf_counter()
    try:
        yield
    except BaseException:
        STEP_FAILURES.labels(name).inc()
        raise
    finally:
        seconds = time.perf_counter() - start
        STEP_SECONDS.labels(name).observe(seconds)
        if timings is not None:
            timings[name] = timings.get(name, 0.0) + seconds
