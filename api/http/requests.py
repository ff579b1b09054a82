"""What every request passes through: an id, a limit on its body, and a measured duration. Plain ASGI."""

from __future__ import annotations

import time
import uuid

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kgqa.telemetry import HTTP_SECONDS

#: a base64 upload of the largest size, and what is around it
BODY_BYTES = 16_000_000
#: paths that are measured by name
ROUTES = frozenset({"/graphql", "/health/live", "/health/ready", "/metrics"})


class _TooLarge(Exception):
    """The body went over the limit."""


class RequestMiddleware:
    """Wraps the application. Lengths are counted as bytes arrive, whatever the header says."""

    def __init__(self, app: ASGIApp, *, body_bytes: int = BODY_BYTES) -> None:
        self._app = app
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0
        counted = self._counted(receive)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, counted, answer)
        except _TooLarge:
            if not status:
                error = {"message": f"The request has more than {self._body_bytes} bytes."}
                await JSONResponse({"errors": [error]}, status_code=413)(scope, receive, answer)
        finally:
            HTTP_SECONDS.labels(_route(scope), str(status or 500)).observe(time.perf_counter() - started)

    def _counted(self, receive: Receive) -> Receive:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._body_bytes:
                raise _TooLarge
            return message

        return counted


def _route(scope: Scope) -> str:
    """The path where it is one of ours; never what a client made up."""
    return scope["path"] if scope["path"] in ROUTES else "unmatched"
