"""Who may write what, and that every write is a job."""

from __future__ import annotations

import base64

import pytest

from api.graphql.ids import encode

PUT = """mutation ($input: IngestDocumentInput!) { ingestDocument(input: $input) {
    job { id kind state } userErrors { code message } } }"""
DELETE = "mutation ($id: ID!) { deleteDocument(id: $id) { job { kind } userErrors { code message } } }"
REINDEX = 'mutation { reindex(collection: "test", source: "lake") { job { kind } userErrors { code } } }'


def put(api, as_: str | None, **given: object) -> dict[str, object]:
    reply = api(PUT, {"input": {"key": "note.txt", "collection": "test", **given}}, as_=as_)
    return reply["data"]["ingestDocument"]


def code(payload) -> str:
    assert payload["job"] is None
    return payload["userErrors"][0]["code"]


def test_an_upload_is_a_job_that_a_worker_is_told_about(api) -> None:
    assert put(api, "user:omar", text="Hello", title="Note")["userErrors"] == []
    (job,) = api.services.jobs.rows.values()
    assert job.requested_by == "user:omar"
    assert base64.b64decode(str(job.payload["content"])) == b"Hello"
    assert job.payload["key"] == "upload/user:omar/note.txt"
    assert job.payload["principals"] == ["user:omar"]
    assert job.payload["mediaType"] == "text/plain"
    assert job.payload["metadata"] == {"title": "Note"}
    assert api.services.published == [job.id]


def test_an_upload_is_accepted_while_the_broker_is_away(api) -> None:
    api.services.broker_is_away = True
    assert put(api, "user:omar", text="Hello")["job"]["state"] == "QUEUED"
    assert len(api.services.jobs.rows) == 1


def test_two_callers_never_share_a_key(api) -> None:
    put(api, "user:omar", text="Hello")
    put(api, "user:ivy", text="Hello")
    assert len({job.payload["target"] for job in api.services.jobs.rows.values()}) == 2


def test_the_public_cannot_write(api) -> None:
    assert code(put(api, None, text="Hello")) == "INVALID_INPUT"
    assert code(api(DELETE, {"id": encode("Document", 1)})["data"]["deleteDocument"]) == "INVALID_INPUT"
    assert not api.services.jobs.rows


@pytest.mark.parametrize(
    ("subject", "principals", "accepted"),
    [
        ("user:ivy", ["user:ivy"], True),
        ("user:ivy", ["group:internal"], True),
        ("user:omar", ["group:internal"], False),
        ("user:ivy", ["user:omar"], False),
        ("user:ivy", ["public"], False),
        ("user:olga", ["public"], True),
        ("user:ivy", [], False),
        ("user:unknown", None, False),
    ],
)
def test_access_is_given_among_what_one_has(api, subject: str, principals: list[str] | None, accepted) -> None:
    given = {} if principals is None else {"principals": principals}
    payload = put(api, subject, text="Hello", **given)
    assert (payload["job"] is not None) is accepted


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "a", "base64": "YQ=="},
        {"base64": "not base64"},
        {"text": "a", "key": ""},
        {"text": "a", "key": "../other/x"},
        {"text": "a", "key": "line\nbreak"},
        {"text": "a", "collection": "Bad Name"},
        {"text": "a", "collection": "a/b"},
    ],
)
def test_a_malformed_upload_is_refused(api, given: dict[str, str]) -> None:
    assert code(put(api, "user:omar", **given)) == "INVALID_INPUT"


def test_a_large_upload_is_refused(api) -> None:
    assert code(put(api, "user:omar", text="a" * 10_000_001)) == "LIMIT_EXCEEDED"


def test_the_same_idempotency_key_is_one_job(api, end_job) -> None:
    first = put(api, "user:omar", text="Hello", idempotencyKey="k")
    assert put(api, "user:omar", text="Hello", idempotencyKey="k") == first
    payload = {k: v for k, v in api.services.jobs.rows[1].payload.items() if k != "content"}
    end_job(api.services, 1, state="done", payload=payload)
    again = put(api, "user:omar", text="Hello", idempotencyKey="k")
    assert again["job"]["id"] == first["job"]["id"]
    assert put(api, "user:ivy", text="Hello", idempotencyKey="k")["job"]["id"] != first["job"]["id"]
    assert code(put(api, "user:omar", text="Hello", key="other.txt", idempotencyKey="k")) == "CONFLICT"


def test_without_an_idempotency_key_every_upload_is_done(api) -> None:
    for text in ("a", "b", "a"):
        put(api, "user:omar", text=text)
    assert len(api.services.jobs.rows) == 3


def test_a_caller_deletes_what_it_uploaded_and_an_operator_what_it_reads(api) -> None:
    def delete(number: int, as_: str) -> dict[str, object]:
        return api(DELETE, {"id": encode("Document", number)}, as_=as_)["data"]["deleteDocument"]

    assert delete(3, "user:omar")["job"] == {"kind": "delete_document"}
    assert delete(1, "user:olga")["job"] == {"kind": "delete_document"}
    not_mine, hidden, missing = delete(1, "user:omar"), delete(2, "user:omar"), delete(99, "user:omar")
    assert not_mine == hidden == missing
    assert code(missing) == "NOT_FOUND"
    assert code(delete(3, "user:olga")) == "NOT_FOUND"


def test_only_operators_reindex(api) -> None:
    assert api(REINDEX, as_="user:olga")["data"]["reindex"]["job"] == {"kind": "reindex"}
    assert code(api(REINDEX, as_="user:ivy")["data"]["reindex"]) == "NOT_FOUND"
    assert code(api(REINDEX)["data"]["reindex"]) == "NOT_FOUND"
