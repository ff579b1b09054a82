"""`/metrics`: this process's durations and counts, and the record's jobs, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from anyio import to_thread
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from kgqa.errors import DependencyUnavailable
from kgqa.telemetry import JOBS

#: jobs by (state, kind)
JobCounts = Callable[[], Mapping[tuple[str, str], int]]


def metrics_router(job_counts: JobCounts) -> APIRouter:
    """The metrics page. Without the record it leaves the jobs out."""
    router = APIRouter()

    @router.get("/metrics")
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction] - the router keeps it
        JOBS.clear()
        try:
            for (state, kind), count in (await to_thread.run_sync(job_counts)).items():
                JOBS.labels(state, kind).set(count)
        except DependencyUnavailable:
            pass
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return router
