"""The one table from failures to GraphQL errors. What is not in it leaves as `INTERNAL`, without its message."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from kgqa.errors import KgqaError
from kgqa.logs import logger

log = logger(__name__)

#: a request that was refused before any resolver ran (syntax, validation, variables)
BAD_REQUEST = "BAD_REQUEST"
INTERNAL_MESSAGE = "Something went wrong on our side."


def present(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """An error as it leaves: `message`, `path`, `locations`, `extensions {code, retryable, hint}`."""
    problem = error.original_error
    if isinstance(problem, KgqaError):
        extensions: dict[str, Any] = {"code": problem.code, "retryable": problem.retryable}
        if problem.hint:
            extensions["hint"] = problem.hint
        message = problem.message
    elif problem is None or (isinstance(problem, GraphQLError) and error.path is None):
        message = error.message
        extensions = {"code": BAD_REQUEST, "retryable": False, **(error.extensions or {})}
    else:
        log.error("graphql.failed", request=request_id, path=error.path, exc_info=problem)
        message = INTERNAL_MESSAGE
        extensions = {"code": KgqaError.code, "retryable": False, "requestId": request_id}
    shown: dict[str, Any] = {"message": message, "extensions": extensions}
    if error.path is not None:
        shown["path"] = error.path
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return shown
