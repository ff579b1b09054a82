"""What the schema answers, over ASGI with services in memory."""

from __future__ import annotations

import time

import pytest
from graphql import get_introspection_query
from structlog.testing import capture_logs

from api.graphql.ids import encode
from api.graphql.schema import SCHEMA_FILE, schema_text
from kgqa.errors import DependencyUnavailable

DOCUMENT = "query ($id: ID!) { document(id: $id) { id key title uri text outcome metadata { key value } } }"


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run: ./run python -m api.graphql"


def test_a_document_opens_for_its_readers(api) -> None:
    reply = api(DOCUMENT, {"id": encode("Document", 2)}, as_="user:ivy")
    assert reply["data"]["document"] == {
        "id": encode("Document", 2), "key": "prices.csv", "title": "Title of prices.csv", "uri": "file:///prices.csv",
        "text": "Ärger mit der Pumpe.", "outcome": "indexed", "metadata": [{"key": "author", "value": "Kim"}],
    }  # fmt: skip


def test_text_offsets_count_code_points(api) -> None:
    query = "query ($id: ID!) { document(id: $id) { text(start: 0, end: 5) } }"
    assert api(query, {"id": encode("Document", 1)})["data"]["document"] == {"text": "Ärger"}


def test_a_hidden_document_looks_like_one_that_does_not_exist(api) -> None:
    hidden = api(DOCUMENT, {"id": encode("Document", 2)}, as_="user:omar")
    missing = api(DOCUMENT, {"id": encode("Document", 4711)}, as_="user:omar")
    assert hidden == missing
    assert hidden["data"] == {"document": None}
    assert hidden["errors"][0]["extensions"] == {"code": "NOT_FOUND", "retryable": False}


def test_a_collection_that_is_hidden_looks_like_one_that_does_not_exist(api) -> None:
    query = """query ($c: String!) { entities(collection: $c, first: 1) { totalCount }
        search(collection: $c, query: "x", first: 1) { rank } }"""
    reply = api(query, {"c": "secret"})
    assert [e["extensions"]["code"] for e in reply["errors"]] == ["NOT_FOUND", "NOT_FOUND"]
    entity = api("query ($id: ID!) { entity(id: $id) { name } }", {"id": encode("Entity", "secret/1")})
    missing = api("query ($id: ID!) { entity(id: $id) { name } }", {"id": encode("Entity", "test/99")})
    assert entity == missing


def test_a_job_is_seen_by_who_asked_for_it_alone(api) -> None:
    put = api('mutation { ingestDocument(input: {key: "a.txt", text: "x"}) { job { id state } } }', as_="user:omar")
    job = put["data"]["ingestDocument"]["job"]
    assert job["state"] == "QUEUED"
    query = "query ($id: ID!) { job(id: $id) { id kind state } }"
    assert api(query, {"id": job["id"]}, as_="user:omar")["data"]["job"]["kind"] == "ingest_document"
    assert api(query, {"id": job["id"]}, as_="user:ivy") == api(query, {"id": encode("Job", 99)}, as_="user:ivy")


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "1",
        "§§",
        encode("Document", "x"),
        encode("Document", -1),
        encode("Job", 1),
        encode("Document", 2**63),
        "A" * 5_000,
    ],
)
def test_what_is_no_document_id_is_invalid_input(api, id_: str) -> None:
    reply = api(DOCUMENT, {"id": id_})
    assert reply["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert api.services.library.reads == 0


def test_one_request_reads_a_document_once(api) -> None:
    query = "query ($id: ID!) { a: document(id: $id) { text language } b: document(id: $id) { mediaType } }"
    api(query, {"id": encode("Document", 1)})
    assert api.services.library.reads == 1
    api(query, {"id": encode("Document", 1)})
    assert api.services.library.reads == 2


def test_node_opens_every_type(api) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for id_ in (encode("Document", 1), encode("Entity", "test/1")):
        node = api(query, {"id": id_})["data"]["node"]
        assert node["id"] == id_
    assert api(query, {"id": encode("Chunk", 1)})["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_entities_page_by_cursor(api) -> None:
    query = """query ($after: String) { entities(collection: "test", first: 2, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { name } } } }"""
    first = api(query)["data"]["entities"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
    second = api(query, {"after": first["pageInfo"]["endCursor"]})["data"]["entities"]
    names = [edge["node"]["name"] for page in (first, second) for edge in page["edges"]]
    assert names == ["Kestrel Seals", "Northline", "Vantor"]
    assert not second["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("first", [0, -1, 101])
def test_pages_have_1_to_100_items(api, first: int) -> None:
    reply = api('query ($n: Int!) { entities(collection: "test", first: $n) { totalCount } }', {"n": first})
    assert reply["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_a_neighbourhood_names_its_nodes_by_global_id(api) -> None:
    query = """query ($id: ID!) { neighbourhood(entityId: $id, first: 5) {
        nodes { id } edges { subject object predicate } } }"""
    found = api(query, {"id": encode("Entity", "test/1")})["data"]["neighbourhood"]
    ids = [node["id"] for node in found["nodes"]]
    assert found["edges"] == [{"subject": ids[0], "object": ids[1], "predicate": "make"}]


def test_an_unexpected_failure_says_nothing_but_a_request_id(api) -> None:
    api.services.library.broken = RuntimeError("dsn=postgres://u:p@h")
    with capture_logs() as logs:
        response = api.post(DOCUMENT, {"id": encode("Document", 1)})
    (error,) = response.json()["errors"]
    assert error["extensions"] == {
        "code": "INTERNAL", "retryable": False, "requestId": response.headers["x-request-id"],
    }  # fmt: skip
    assert "postgres" not in response.text
    assert [(e["event"], str(e["exc_info"])) for e in logs] == [("graphql.failed", "dsn=postgres://u:p@h")]


def test_a_failure_that_may_pass_says_so(api) -> None:
    api.services.library.broken = DependencyUnavailable("PostgreSQL does not answer.", hint="retry")
    (error,) = api(DOCUMENT, {"id": encode("Document", 1)})["errors"]
    assert error["extensions"] == {"code": "DEPENDENCY_UNAVAILABLE", "retryable": True, "hint": "retry"}


def test_introspection_works_in_development_and_not_in_production(api, production) -> None:
    assert api(get_introspection_query())["data"]["__schema"]["types"]
    refused = production.post(get_introspection_query())
    assert "data" not in refused.json()
    assert production("{ collections { name } }")["data"]["collections"]


def test_a_misspelt_field_brings_no_suggestion(api) -> None:
    (error,) = api("{ collection { name } }")["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert "collections" not in error["message"]


def test_an_attack_by_fragments_is_refused_fast_over_http(api) -> None:
    steps = [f"fragment f{n} on Document {{ ...f{n + 1} ...f{n + 1} a{n}: text }}" for n in range(100)]
    query = 'query { document(id: "x") { ...f0 } }' + " ".join(steps) + " fragment f100 on Document { text }"
    api(query)
    started = time.perf_counter()
    reply = api.post(query, accept="application/graphql-response+json")
    seconds = time.perf_counter() - started
    assert reply.status_code == 400
    assert "OPERATION_TOO_COMPLEX" in {e["extensions"]["code"] for e in reply.json()["errors"]}
    assert seconds < 1


def test_too_many_tokens_are_refused(api) -> None:
    (error,) = api("{ " + "a " * 2_500 + "}")["errors"]
    assert "token" in error["message"].lower()


def test_a_document_that_is_nested_without_end_is_a_bad_request(api) -> None:
    (error,) = api('{ node(id: "x") ' + "{ a" * 600 + "}" * 601)["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
