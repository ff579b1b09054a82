"""Deleting: what runs and jobs say of a document goes too, sources know what is theirs, a search sees every column."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from kgqa.adapters.postgres.erasure import cancel_jobs, compact, forget_subject, subject_documents
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.migrate import migrations
from kgqa.adapters.postgres.scan import search_tables
from kgqa.model.document import Source
from kgqa.text.needle import Needle

COLLECTION = "lake"


def rows(pools, query: str, *parameters):
    with pools.pipeline.connection() as connection:
        return connection.execute(query, parameters).fetchall()


def job(pools, kind: str, key: str, **payload):
    queue = PostgresJobQueue(pools.pipeline)
    described = {"target": f"{COLLECTION}/{key}", "collection": COLLECTION, "key": key, **payload}
    made = queue.enqueue(kind, described, key=f"{kind}:{key}", requested_by="user:omar")
    return queue, made


def finished(pools, kind: str, key: str, **payload) -> int:
    queue, made = job(pools, kind, key, **payload)
    claimed = queue.claim(made.id, "test", 60, max_attempts=3)
    assert claimed is not None
    assert queue.finish(claimed, {"documentId": "1"})
    return made.id


def test_what_reports_and_jobs_say_of_a_document_goes_with_it(pools, lake, delta) -> None:
    copies = [delta(key, "Kestrel Seals is here.", title="Note") for key in ("zubrowka-1", "zubrowka-2", "kept")]
    assert lake.put(*copies).duplicates == 2
    ingest = finished(pools, "ingest_document", "zubrowka-1", content="", metadata={})
    finished(pools, "ingest_document", "kept", content="", metadata={})
    queue, deletion = job(pools, "delete_document", "zubrowka-1")
    claimed = queue.claim(deletion.id, "test", 60, max_attempts=3)
    lake.delete("zubrowka-1", "zubrowka-2")
    assert queue.finish(claimed, {"deleted": 1})
    assert rows(pools, "select id from job where payload ? 'key'") != []
    assert rows(pools, "select payload from job where id in (%s, %s)", ingest, deletion.id) == [
        ({"collection": COLLECTION},),
        ({"collection": COLLECTION},),
    ]
    assert "zubrowka" not in json.dumps(rows(pools, "select report from ingest_run"))


def test_a_document_deleted_by_name_goes_from_interrupted_runs_too(pools, store, lake, delta) -> None:
    run = store.start_run(COLLECTION, {"chunk": 1})
    store.stage(run, [delta("a", "Kestrel Seals is here."), delta("b", "Acme is there.")])
    lake.delete("a")
    assert rows(pools, "select d.key from document d join document_version v on v.document_id = d.id") == [("b",)]
    assert rows(pools, "select text from chunk") == [("Acme is there.",)]
    assert store.publish(run).indexed == 1


def test_an_interrupted_run_is_resumed_by_its_own_source_alone(store) -> None:
    for uri in ("file:///a", "file:///b"):
        store.remember_source(COLLECTION, Source(uri=uri))
    first = store.start_run(COLLECTION, {}, source="file:///a")
    assert store.start_run(COLLECTION, {}, source="file:///b") != first
    assert store.start_run(COLLECTION, {}) != first
    assert store.start_run(COLLECTION, {}, source="file:///a") == first


def test_a_source_forgets_the_deletions_of_an_earlier_attempt(pools, store, lake, delta) -> None:
    store.remember_source(COLLECTION, Source(uri="file:///a"))
    run = store.start_run(COLLECTION, {}, source="file:///a")
    store.stage(run, [delta("a", "Kestrel Seals is here."), delta("b", "Acme is there.")])
    store.publish(run)
    lake.put(delta("upload/user:omar/c", "Mine."))
    run = store.start_run(COLLECTION, {}, source="file:///a")
    own, others = store.documents_by_source(run)
    assert (len(own), len(others)) == (2, 0)
    store.settle_source(run, gone=sorted(own), taken=[])
    store.settle_source(run, gone=sorted(own)[:1], taken=[])
    assert store.publish(run).deleted == 1
    assert len(store.keys_of_source(COLLECTION, "file:///a")) == 1


def test_documents_from_before_are_of_the_innermost_source_that_holds_their_file(
    pools, database, store, lake, delta
) -> None:
    for uri in ("file:///lake", "file:///lake/sub", "file:///lak", "file:///beir/corpus.jsonl"):
        store.remember_source(COLLECTION, Source(uri=uri))
    lake.put(*(delta(key, f"Text of {key}.") for key in ("outer", "inner", "line", "upload/x", "other")))
    places = {"outer": "file:///lake/o.md", "inner": "file:///lake/sub/i.md", "line": "file:///beir/corpus.jsonl#7"}
    for key, uri in {**places, "upload/x": "file:///lake/x.md", "other": "file:///elsewhere"}.items():
        with pools.pipeline.connection() as connection:
            connection.execute(
                "update document_version set uri = %s "
                "where id = (select current_version from current_document where key = %s)",
                (uri, key),
            )
    adopt = migrations()["0003_documents_of_sources.sql"].decode().partition("-- Documents that are there already")[2]
    with pools.pipeline.connection() as connection:
        # versions were pointed to from the document then
        adopt = adopt.replace("v.id = d.current_version", "v.document_id = d.id")
        connection.execute(b"--" + adopt.encode())
    found = dict(rows(pools, "select key, uri from document d left join source s on s.id = d.source_id"))
    assert found == {
        "outer": "file:///lake", "inner": "file:///lake/sub", "line": "file:///beir/corpus.jsonl", "upload/x": None,
        "other": None,
    }  # fmt: skip


@pytest.mark.parametrize("subject", ["Elena Zubrowka", "Бережкова"])
def test_everything_about_a_subject_is_found_forgotten_and_no_longer_found(
    pools, database, lake, delta, subject: str
) -> None:
    needle = Needle.of(subject)
    lake.put(
        delta("text", f"Kestrel Seals met {subject.upper()} in Oslo."),
        delta("title", "Nothing else.", title=f"On {subject}"),
        delta(f"notes/{subject}.md", "Nothing here."),
        delta("kept", "Kestrel Seals met nobody."),
    )
    finished(pools, "reindex", "x", source=f"file:///lake/{subject}")
    _, waiting = job(pools, "ingest_document", "u", content="", metadata={"title": subject})
    found = subject_documents(database.owner_url, needle)
    assert [(d.key, d.places[0]) for d in found] == sorted(
        [("text", "text"), ("title", "title"), (f"notes/{subject}.md", "title")]
    )
    before = search_tables(database.superuser_url, needle, lambda _: None)
    assert {"public.chunk.text", "public.document.key", "public.job.payload"} <= before.found.keys()
    assert before.searched["tables"] > 60

    assert cancel_jobs(database.owner_url, needle) == 1
    assert rows(pools, "select state from job where id = %s", waiting.id) == [("cancelled",)]
    lake.delete(*(d.key for d in found))
    assert forget_subject(database.owner_url, needle)["jobs"] == 1
    compact(database.owner_url, None, lambda _: None)
    after = search_tables(database.superuser_url, needle, lambda _: None)
    assert dict(after.found) == {}
    assert search_tables(database.superuser_url, Needle.of("Kestrel Seals"), lambda _: None).found


def test_rows_that_an_open_transaction_may_see_are_waited_for(database, lake, delta, monkeypatch) -> None:
    needle = Needle.of("Zubrowka")
    lake.put(delta("one", "Elena Zubrowka met Kestrel Seals."))
    watched: list[str] = []
    with psycopg.connect(database.owner_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1")
        lake.delete("one")
        with monkeypatch.context() as hurried:
            hurried.setattr("kgqa.adapters.postgres.erasure._PATIENCE_SECONDS", 0.0)
            undone = compact(database.owner_url, None, lambda _: None)
        assert undone[0].startswith("1 sessions were in a transaction")
        end = threading.Timer(0.5, reader.close)
        end.start()
        undone = compact(database.owner_url, None, watched.append)
        end.join()
    assert [sentence for sentence in undone if "transaction" in sentence] == []
    assert watched[0] == "transactions that are open"
    assert dict(search_tables(database.superuser_url, needle, lambda _: None).found) == {}


def test_what_streams_say_of_a_subject_is_forgotten_and_nothing_else(store, database) -> None:
    store.collection("lake")
    store.remember_source("lake", Source(uri="file:///watched"))
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(
            "insert into watched_file select s.id, n.key, convert_to(n.path, 'utf8'), 1, 1, '{public}' from source s, "
            "(values ('żółw.md', '/w/żółw.md'), ('7.md', '/w/Żółw/7.md'), ('8.md', '/w/8.md')) as n (key, path)"
        )
        owner.execute(
            "insert into event_version select c.id, n.key, 1, 1, '{public}' from collection c, "
            "(values ('notes/Żółw.md'), ('notes/8.md')) as n (key)"
        )
        owner.execute("insert into dead_letter values ('t', 0, 1, 'a', 'ŻÓŁW is no JSON'), ('t', 0, 2, 'b', 'empty')")
    forgotten = forget_subject(database.owner_url, Needle.of("Żółw"))
    assert (forgotten["files"], forgotten["versions"], forgotten["letters"]) == (2, 1, 1)
    with psycopg.connect(database.owner_url) as owner:
        files = owner.execute("select key from watched_file").fetchall()
        versions = owner.execute("select key from event_version").fetchall()
        reasons = {row[0] for row in owner.execute("select reason from dead_letter")}
    assert (files, versions) == ([("8.md",)], [("notes/8.md",)])
    assert reasons == {"", "empty"}
