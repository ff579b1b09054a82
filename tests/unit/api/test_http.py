"""GraphQL over HTTP, tokens, health and metrics: what the wire looks like."""

from __future__ import annotations

import pytest

QUERY = "{ collections { name } }"
GRAPHQL_JSON = "application/graphql-response+json"


def test_the_response_type_is_negotiated(api) -> None:
    assert api.post(QUERY).headers["content-type"] == "application/json; charset=utf-8"
    wanted = api.post(QUERY, accept=f"{GRAPHQL_JSON}, application/json;q=0.9")
    assert wanted.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert wanted.json() == {"data": {"collections": [{"name": "test"}]}}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query ($x: Int!) { collections { name } }"])
def test_a_request_error_has_no_data_and_status_400_in_the_new_type(api, query: str) -> None:
    reply = api.post(query, accept=GRAPHQL_JSON)
    assert reply.status_code == 400
    assert "data" not in reply.json()
    assert reply.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert api.post(query).status_code == 200


def test_operations_are_sent_by_post_alone(api) -> None:
    assert api.client.get("/graphql", params={"query": QUERY}).status_code == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms_cannot_send_operations(api, content_type: str) -> None:
    reply = api.client.post("/graphql", content=f'{{"query": "{QUERY}"}}', headers={"content-type": content_type})
    assert reply.status_code == 400


def test_batches_are_refused(api) -> None:
    assert api.client.post("/graphql", json=[{"query": QUERY}] * 2).status_code == 400


def test_a_long_document_is_refused_before_it_is_parsed(api) -> None:
    assert api.post("{ " + " " * 20_000 + "}").status_code == 413


def test_a_large_body_is_refused_with_or_without_its_length(api) -> None:
    body = b"x" * 17_000_000
    assert api.client.post("/graphql", content=body, headers={"content-type": "application/json"}).status_code == 413
    chunked = api.client.post("/graphql", content=iter([body]), headers={"content-type": "application/json"})
    assert chunked.status_code == 413


def test_graphiql_is_for_development(api, production) -> None:
    html = {"accept": "text/html"}
    assert "graphiql" in api.client.get("/graphql", headers=html).text.lower()
    assert production.client.get("/graphql", headers=html).status_code == 404


def test_a_bad_token_is_401_in_the_shape_of_an_error(api) -> None:
    reply = api.client.post("/graphql", json={"query": QUERY}, headers={"authorization": "Bearer v1.a.b"})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_development_tokens_do_not_hold_in_production(production) -> None:
    assert production.post(QUERY, as_="user:ivy").status_code == 401


def test_every_response_names_its_request(api) -> None:
    ids = {api.post(QUERY).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2


def test_ready_names_the_server_that_is_away(api_with_checks) -> None:
    ready = api_with_checks(postgres=lambda: True, redis=lambda: True).client.get("/health/ready")
    assert (ready.status_code, ready.json()["servers"]) == (200, {"postgres": "ready", "redis": "ready"})
    away = api_with_checks(postgres=lambda: True, redis=lambda: False).client
    assert away.get("/health/ready").status_code == 503
    assert away.get("/health/ready").json()["servers"] == {"postgres": "ready", "redis": "unavailable"}
    assert away.get("/health/live").status_code == 200


def test_metrics_count_requests_by_route_and_jobs_by_state(api) -> None:
    api.post(QUERY)
    api.client.get("/made/up/by/a/client")
    page = api.client.get("/metrics").text
    assert 'kgqa_http_request_duration_seconds_count{route="/graphql",status="200"}' in page
    assert 'kgqa_jobs{kind="x",state="queued"} 2.0' in page
    assert 'kgqa_stream_events{outcome="upsert",stream="kafka:events"} 7.0' in page
    assert 'kgqa_stream_lag_seconds{stream="kafka:events"} 1.5' in page
    assert "made/up" not in page
