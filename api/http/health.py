"""Is this process alive, and are the servers that it needs? Liveness touches nothing but the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import anyio
from anyio import to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse

#: a server that takes longer is not ready
CHECK_SECONDS = 3

Checks = Mapping[str, Callable[[], bool]]


def health_router(checks: Checks) -> APIRouter:
    """`/health/live` and `/health/ready`; the latter names each server."""
    router = APIRouter(prefix="/health")

    @router.get("/live")
    async def live() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction] - the router keeps it
        return {"status": "alive"}

    @router.get("/ready")
    async def ready() -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - the router keeps it
        states = await asyncio.gather(*(_holds(check) for check in checks.values()))
        servers = dict(zip(checks, ("ready" if state else "unavailable" for state in states), strict=True))
        status = "ready" if all(states) else "unavailable"
        return JSONResponse({"status": status, "servers": servers}, status_code=200 if all(states) else 503)

    return router


async def _holds(check: Callable[[], bool]) -> bool:
    with anyio.move_on_after(CHECK_SECONDS):
        return await to_thread.run_sync(check, abandon_on_cancel=True)
    return False
