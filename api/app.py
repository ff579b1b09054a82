"""The web application: GraphQL, health and metrics over services that are already built."""

from __future__ import annotations

import anyio
from anyio import to_thread
from fastapi import FastAPI
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL

from api.auth import Unauthenticated, subject_of
from api.context import Publish, RequestContext
from api.graphql.limits import OperationLimits
from api.graphql.router import SpecRouter
from api.graphql.schema import build_schema
from api.http.health import Checks, health_router
from api.http.metrics import JobCounts, StreamTotals, metrics_router
from api.http.requests import RequestMiddleware
from api.services import ApiServices
from kgqa.errors import DependencyUnavailable
from kgqa.model.answer import Caller


def create_app(
    services: ApiServices,
    *,
    secret: str,
    publish: Publish,
    checks: Checks,
    job_counts: JobCounts,
    stream_totals: StreamTotals = dict,
) -> FastAPI:
    """The application. `secret` signs tokens, `publish` wakes a worker, `checks` say what it takes to be ready."""
    settings = services.settings
    development = settings.api.development
    threads = anyio.CapacityLimiter(settings.postgres.pool_size)

    async def caller(connection: HTTPConnection) -> Caller:
        header = connection.headers.get("authorization")
        if header is not None and not development:
            raise Unauthenticated  # these tokens are for development
        subject = subject_of(header, secret, services.clock.now())
        return await to_thread.run_sync(services.policy.caller, subject, limiter=threads)

    async def context(connection: HTTPConnection) -> RequestContext:
        request_id = str(connection.scope.get("state", {}).get("request_id", ""))
        asking = await caller(connection)
        return RequestContext(services=services, caller=asking, limiter=threads, publish=publish, request_id=request_id)

    limits = OperationLimits()
    router = SpecRouter(
        build_schema(introspection=development, limits=limits),
        graphql_ide="graphiql" if development else None,
        allow_queries_via_get=False,
        context_getter=context,
        subscription_protocols=(GRAPHQL_SSE_PROTOCOL,),
    )
    router.longest_document = limits.characters
    app = FastAPI(title="kgqa", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(RequestMiddleware)
    app.add_exception_handler(Unauthenticated, _unauthenticated)
    app.add_exception_handler(DependencyUnavailable, _unavailable)
    app.include_router(router, prefix="/graphql")
    app.include_router(health_router(checks))
    app.include_router(metrics_router(job_counts, stream_totals))
    return app


def _unauthenticated(_request: Request, _problem: Exception) -> JSONResponse:
    error = {
        "message": "The token does not hold.",
        "extensions": {"code": "UNAUTHENTICATED", "retryable": False, "hint": "get a new one, or send none."},
    }
    return JSONResponse({"errors": [error]}, status_code=401, headers={"WWW-Authenticate": "Bearer"})


def _unavailable(_request: Request, problem: Exception) -> JSONResponse:
    """The caller could not be resolved: nothing is answered without knowing who asks."""
    assert isinstance(problem, DependencyUnavailable)
    error = {
        "message": problem.message,
        "extensions": {"code": problem.code, "retryable": True, "hint": problem.hint},
    }
    return JSONResponse({"errors": [error]}, status_code=503, headers={"Retry-After": "5"})
