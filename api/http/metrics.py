"""`/metrics`: this process's durations and counts, and the record's jobs and streams, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from anyio import to_thread
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from kgqa.errors import DependencyUnavailable
from kgqa.telemetry import JOBS, STREAM_EVENTS, STREAM_LAG

#: jobs by (state, kind)
JobCounts = Callable[[], Mapping[tuple[str, str], int]]
#: events by (stream, outcome), with the lag of the stream's last batch in seconds
StreamTotals = Callable[[], Mapping[tuple[str, str], tuple[int, float | None]]]


def metrics_router(job_counts: JobCounts, stream_totals: StreamTotals = dict) -> APIRouter:
    """The metrics page. Without the record it leaves jobs and streams out."""
    router = APIRouter()

    @router.get("/metrics")
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction] - the router keeps it
        for gauge in (JOBS, STREAM_EVENTS, STREAM_LAG):
            gauge.clear()
        try:
            for (state, kind), count in (await to_thread.run_sync(job_counts)).items():
                JOBS.labels(state, kind).set(count)
            for (stream, outcome), (events, lag) in (await to_thread.run_sync(stream_totals)).items():
                STREAM_EVENTS.labels(stream, outcome).set(events)
                if lag is not None:
                    STREAM_LAG.labels(stream).set(lag)
        except DependencyUnavailable:
            pass
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return router
