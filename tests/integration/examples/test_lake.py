"""The example lake in both stores: quotes hold, hidden and deleted documents do not exist, the graph can be rebuilt."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.app import create_app
from api.auth import LIFETIME, make_token
from kgqa.adapters.neo4j.admin import wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.content import Content, differences, record_content
from kgqa.embedded.stack import Endpoints
from tests.integration.examples.conftest import COLLECTION, EXAMPLES, MakeWorld, World

SECRET = "test-secret"
READERS = ("public", "user:omar", "user:ivy")
ASK = """query ($q: String!, $c: String!) { ask(question: $q, collection: $c) {
  answer short abstained warnings
  citations { n quote start end page headingPath document { title uri } }
  evidence { chunks { text start end } paths { label } } } }"""
LOOK = """query ($c: String!, $after: String) {
  collections { name documents chunks }
  entities(collection: $c, first: 100, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { name type aliases mentions documents } } } }"""


def over_api(world: World, query: str, variables: dict[str, Any], reader: str) -> Any:
    """What the API says to this reader."""
    app = create_app(
        world.services,
        secret=SECRET,
        publish=lambda _job: None,
        checks={},
        job_counts=dict,
    )
    headers = {}
    if reader != "public":
        headers["Authorization"] = f"Bearer {make_token(reader, SECRET, datetime.now(UTC) + LIFETIME)}"

    async def post() -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=120) as client:
            reply = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        return reply.json()

    reply = asyncio.run(post())
    assert "errors" not in reply, reply
    return reply["data"]


def questions(step: int = 1) -> list[dict[str, Any]]:
    lines = (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines][::step]


def seen(world: World, reader: str) -> dict[str, Any]:
    """Everything that a reader can see: answers with their evidence, collections, entities, counts."""
    found: dict[str, Any] = {
        question["id"]: over_api(world, ASK, {"q": question["question"], "c": COLLECTION}, reader)["ask"]
        for question in questions(step=4)
    }
    after, entities = None, []
    while True:
        page = over_api(world, LOOK, {"c": COLLECTION, "after": after}, reader)
        found["collections"], found["count"] = page["collections"], page["entities"]["totalCount"]
        entities += [edge["node"] for edge in page["entities"]["edges"]]
        if not page["entities"]["pageInfo"]["hasNextPage"]:
            break
        after = page["entities"]["pageInfo"]["endCursor"]
    found["entities"] = sorted(entities, key=lambda entity: (entity["name"], entity["type"], entity["aliases"]))
    return found


@pytest.mark.parametrize("reader", ["public", "user:omar"])
def test_hidden_documents_do_not_exist_for_those_who_may_not_read_them(
    full: World, public_only: World, reader: str
) -> None:
    assert full.services.ranker is not None, "what is shown has to be ordered by the learned ranker, as by default"
    assert seen(full, reader) == seen(public_only, reader)


def test_a_member_sees_what_others_do_not(full: World, public_only: World) -> None:
    member, others = seen(full, "user:ivy"), seen(public_only, "user:ivy")
    assert member["count"] > others["count"]
    assert member["collections"][0]["documents"] > others["collections"][0]["documents"]


def test_every_chunk_of_every_format_is_the_documents_text_at_its_offsets(full: World) -> None:
    with psycopg.connect(full.superuser_url) as connection:
        rows = connection.execute(
            "select d.key, v.text, c.text, p.start_offset, p.end_offset from current_document d"
            " join document_version v on v.id = d.current_version join chunk_placement p on p.version_id = v.id"
            " join chunk c on c.id = p.chunk_id"
        ).fetchall()
    assert {Path(row[0]).suffix for row in rows} == {".md", ".txt", ".html", ".pdf", ".docx", ".csv", ".eml", ".jsonl"}
    assert [row[0] for row in rows if row[1][row[3] : row[4]] != row[2]] == []


def test_every_quote_is_the_cited_documents_text_at_its_offsets(full: World) -> None:
    query = """query ($q: String!, $c: String!) { ask(question: $q, collection: $c) {
      citations { quote start end document { uri text } } } }"""
    cited: set[str] = set()
    for question in questions(step=2):
        answer = over_api(full, query, {"q": question["question"], "c": COLLECTION}, "user:ivy")["ask"]
        for citation in answer["citations"]:
            assert citation["document"]["text"][citation["start"] : citation["end"]] == citation["quote"]
            cited.add(Path(citation["document"]["uri"]).suffix)
    assert len(cited) >= 5


def test_the_graph_equals_the_record_and_can_be_rebuilt_from_it(full: World, endpoints: Endpoints) -> None:
    graph = full.services.graph
    before, counts = graph.content(full.generation), graph.counts(full.generation)
    assert not graph.compare(full.generation), graph.compare(full.generation).summary()
    assert [found for _, findings in full.services.store.check(full.generation) for found in findings] == []
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        wipe(driver, full.generation)
    assert not any(graph.content(full.generation).values())
    graph.rebuild(full.generation)
    assert graph.content(full.generation) == before
    assert graph.counts(full.generation) == counts


def test_deleting_half_of_the_lake_equals_never_having_ingested_it(make_world: MakeWorld) -> None:
    deleted_from, never = make_world(EXAMPLES), make_world(EXAMPLES)
    keys = sorted(never.documents())
    kept = set(keys[::2])
    never.ingest(kept)
    deleted_from.ingest()
    deleted_from.delete(set(keys) - kept)
    assert differences(record(never), record(deleted_from)) == []
    assert graph_by_name(deleted_from) == graph_by_name(never)


def record(world: World) -> Content:
    with psycopg.connect(world.superuser_url) as connection:
        return record_content(connection)


def graph_by_name(world: World) -> dict[str, Any]:
    """Content of the graph, entities by the names that refer to them: their own ids are historical."""
    content = world.services.graph.content(world.generation)
    names_of: dict[int, set[int]] = {}
    for row in content["references"]:
        names_of.setdefault(row[1], set()).add(row[0])
    who = {entity: frozenset(names) for entity, names in names_of.items()}
    result: dict[str, Any] = {
        kind: rows for kind, rows in content.items() if kind not in ("entities", "references", "relations")
    }
    result["entities"] = frozenset(who.values())
    result["relations"] = sorted(
        (sorted(who.get(row[1], ())), row[2], sorted(who.get(row[3], ()))) for row in content["relations"]
    )
    return result
