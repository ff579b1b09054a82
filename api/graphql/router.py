"""GraphQL over HTTP as the specification says it, on top of Strawberry's router.

Negotiates `application/graphql-response+json`, leaves `data` out of request errors (status 400 in that type), and puts
every error through the one table, those of streamed events included. POST only; no batches.
"""

from __future__ import annotations

from typing import Any

from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.requests import Request
from starlette.responses import Response
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.types import HTTPMethod
from strawberry.types import ExecutionResult

from api.context import RequestContext
from api.graphql.errors import present

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
_OFFERED = {JSON: JSON, "application/*": JSON, "*/*": JSON, GRAPHQL_JSON: GRAPHQL_JSON}
_STATE = "graphql_media_type"


def negotiate(accept: str) -> str:
    """The media type of the response: the most wanted of the two that we offer, JSON where none is named.

    >>> negotiate("application/graphql-response+json, application/json;q=0.9")
    'application/graphql-response+json'
    """
    best, best_quality = JSON, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        offered = _OFFERED.get(name.lower())
        quality = _quality(parameters)
        if offered and quality > best_quality:
            best, best_quality = offered, quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class SpecRouter(GraphQLRouter[RequestContext, None]):
    """Strawberry's router with the specification's response types, our errors and a limit on the document."""

    #: characters of a GraphQL document
    longest_document: int = 16_384

    async def get_sub_response(self, request: Request) -> Response:
        """The response that resolvers may add headers to, marked with the negotiated type."""
        response = await super().get_sub_response(request)
        setattr(response, _STATE, negotiate(request.headers.get("accept", "")))
        return response

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        """The request, refused before parsing when its document is too long."""
        method: HTTPMethod = request.method
        if method != "POST":
            raise HTTPException(405, "GraphQL operations are sent by POST.")
        data = await super().parse_http_body(request)
        if isinstance(data, GraphQLRequestData) and len(data.query or "") > self.longest_document:
            raise HTTPException(413, "The GraphQL document is too long.")
        return data

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The result with its errors as they may leave."""
        shown: dict[str, Any] = {"data": result.data}
        if result.errors:
            request_id = str(getattr(request.state, "request_id", ""))
            shown["errors"] = [present(error, request_id) for error in result.errors]
            if result.data is None and all(error.path is None for error in result.errors):
                del shown["data"]
        if result.extensions:
            shown["extensions"] = result.extensions
        return shown  # pyright: ignore[reportReturnType] - a TypedDict built by key

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The response in the negotiated type; a request error is status 400 there."""
        media_type: str = getattr(sub_response, _STATE, JSON)
        status = sub_response.status_code or 200
        if media_type == GRAPHQL_JSON and "data" not in response_data:
            status = 400
        response = Response(self.encode_json(response_data), status_code=status)
        response.headers["content-type"] = f"{media_type}; charset=utf-8"
        response.headers.raw.extend(sub_response.headers.raw)
        return response
