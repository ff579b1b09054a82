"""From an upload to an answer and back, over HTTP, with the permissions of who asks."""

from __future__ import annotations

import httpx
import pytest

from api.graphql.ids import encode

COLLECTION = "helpdesk"
ASK = """query ($q: String!, $c: String!) { ask(question: $q, collection: $c) {
    answer short abstained warnings timings { step seconds }
    citations { n start end quote chunkId headingPath page document { id title uri key }
      reason { rank path verified lists { name place } } }
    evidence { chunks { chunkId rank text } nodes { id kind label } relations { chunkId nameId }
    paths { label chunkIds } } } }"""
PUBLIC = "Brightwater Castings in Bergen makes the casing of the Halyard H7 pump.\n"
SECRET = "The purchase price of the Halyard H7 pump is 4711 crowns.\n"


@pytest.fixture(scope="module")
def documents(served):
    """A public document of olga's and one of ivy's group."""
    public = served.put("halyard.txt", PUBLIC, as_="user:olga", title="Halyard H7", principals=["public"])
    secret = served.put("prices.txt", SECRET, as_="user:ivy", title="Prices", principals=["group:internal"])
    for job, owner in ((public, "user:olga"), (secret, "user:ivy")):
        ended = served.wait(job, as_=owner)
        assert ended["state"] == "DONE", ended
    return served


def ask(served, question: str, as_: str | None = None):
    reply = served.graphql(ASK, {"q": question, "c": COLLECTION}, as_=as_)
    assert "errors" not in reply, reply
    return reply["data"]["ask"]


def test_an_upload_answers_with_a_citation_that_holds(documents) -> None:
    answer = ask(documents, "Who makes the casing of the Halyard H7 pump?")
    assert not answer["abstained"], answer
    assert "Brightwater Castings" in answer["answer"]
    citation = answer["citations"][0]
    assert citation["document"]["title"] == "Halyard H7"
    assert citation["document"]["key"] == "upload/user:olga/halyard.txt"
    query = "query ($id: ID!, $a: Int!, $b: Int!) { document(id: $id) { text(start: $a, end: $b) } }"
    place = {"id": citation["document"]["id"], "a": citation["start"], "b": citation["end"]}
    assert documents.graphql(query, place)["data"]["document"]["text"] == citation["quote"]
    assert answer["timings"]


def test_a_citation_says_why_it_is_there(documents) -> None:
    answer = ask(documents, "Who makes the casing of the Halyard H7 pump?")
    citation, evidence = answer["citations"][0], answer["evidence"]
    ranks = {chunk["chunkId"]: chunk["rank"] for chunk in evidence["chunks"]}
    assert citation["reason"]["rank"] == ranks[citation["chunkId"]]
    assert citation["reason"]["verified"] == "copied"
    assert citation["reason"]["path"] in {path["label"] for path in evidence["paths"]}
    assert {"keyword", "graph"} & {found["name"] for found in citation["reason"]["lists"]}
    assert all(set(path["chunkIds"]) <= set(ranks) for path in evidence["paths"])


def test_answers_follow_the_permissions_of_the_token(documents) -> None:
    question = "What is the purchase price of the Halyard H7 pump?"
    assert "4711" in ask(documents, question, "user:ivy")["answer"]
    for stranger in (None, "user:omar", "user:nobody"):
        answer = ask(documents, question, stranger)
        assert "4711 crowns" not in str(answer)
        assert "Prices" not in str(answer)


def test_a_hidden_document_is_as_absent_as_a_random_one(documents) -> None:
    ((hidden,),) = documents.rows("select id from document where key = 'upload/user:ivy/prices.txt'")
    query = "query ($id: ID!) { document(id: $id) { title } node(id: $id) { id } }"
    assert documents.graphql(query, {"id": encode("Document", hidden)}, as_="user:ivy")["data"]["document"]
    replies = [documents.graphql(query, {"id": encode("Document", n)}, as_="user:omar") for n in (hidden, hidden ^ 1)]
    assert replies[0] == replies[1]
    found = documents.graphql(
        """query { search(query: "purchase price 4711", collection: "helpdesk", first: 10) { text }
            collections { name documents } }"""
    )
    assert "4711 crowns" not in str(found)
    assert found["data"]["collections"] == [{"name": "helpdesk", "documents": 1}]


def test_entities_and_their_neighbourhood_open_by_id(documents) -> None:
    query = """{ entities(collection: "helpdesk", first: 20) { totalCount edges { node { id name } } } }"""
    reply = documents.graphql(query)
    edges = reply["data"]["entities"]["edges"]
    names = {edge["node"]["name"]: edge["node"]["id"] for edge in edges}
    assert "Brightwater Castings" in names
    opened = documents.graphql(
        """query ($id: ID!) { entity(id: $id) { name }
            neighbourhood(entityId: $id, first: 10) { nodes { id } truncated } }""",
        {"id": names["Brightwater Castings"]},
    )
    assert opened["data"]["entity"] == {"name": "Brightwater Castings"}
    assert opened["data"]["neighbourhood"]["truncated"] is False


def test_an_answer_streams_as_events_that_end_finished(documents, events) -> None:
    found = events(documents, "Who makes the casing of the Halyard H7 pump?", "user:omar")
    kinds = [event["__typename"] for event in found]
    assert kinds[:2] == ["SourcesFound", "GraphFound"]
    assert kinds[-1] == "Finished"
    text = "".join(event["text"] for event in found if event["__typename"] == "TextDelta")
    assert text == found[-1]["answer"]["answer"]


def test_an_unknown_collection_streams_one_failure(documents) -> None:
    reply = documents.graphql(ASK, {"q": "x?", "c": "nowhere"})
    assert reply["data"] == {"ask": None}
    assert reply["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_a_deleted_document_answers_nothing_and_leaves_nothing(running) -> None:
    secret = "9021 crowns"
    job = running.put(
        "gone.txt", f"The purchase price of the Marlin M3 valve is {secret}.", as_="user:omar", title="Valves"
    )
    assert running.wait(job, as_="user:omar")["state"] == "DONE"
    question = "What is the purchase price of the Marlin M3 valve?"
    answer = ask(running, question, "user:omar")
    assert secret in answer["answer"]
    delete = "mutation ($id: ID!) { deleteDocument(id: $id) { job { id } userErrors { code } } }"
    accepted = running.graphql(delete, {"id": answer["citations"][0]["document"]["id"]}, as_="user:omar")
    ended = running.wait(accepted["data"]["deleteDocument"]["job"]["id"], as_="user:omar")
    assert ended["state"] == "DONE"
    assert secret not in str(ask(running, question, "user:omar")["evidence"])
    assert running.rows("select count(*) from job where payload ?| '{content,metadata}'") == [(0,)]
    assert running.rows("select count(*) from document where key = %s", "upload/user:omar/gone.txt") == [(0,)]


def test_a_document_that_cannot_be_read_fails_with_its_reason(running) -> None:
    job = running.put("broken.pdf", "not a PDF", as_="user:omar", mediaType="application/pdf")
    ended = running.wait(job, as_="user:omar")
    assert ended["state"] == "FAILED"
    assert ended["error"]


def test_the_service_says_that_it_is_ready_and_what_it_did(documents) -> None:
    ready = httpx.get(f"{documents.url}/health/ready", timeout=10)
    assert ready.json() == {
        "status": "ready",
        "servers": {"postgres": "ready", "neo4j": "ready", "redis": "ready"},
    }
    metrics = httpx.get(f"{documents.url}/metrics", timeout=10).text
    assert 'kgqa_jobs{kind="ingest_document",state="done"}' in metrics
    assert 'kgqa_step_duration_seconds_count{step="ask.retrieve"}' in metrics
