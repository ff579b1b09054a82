"""A deletion is seen from the transaction on that hides, whoever publishes meanwhile; the removal follows."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from kgqa.adapters.postgres import document_store
from kgqa.adapters.postgres.event_log import Batch, PostgresEventLog
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.publish import lock_collection
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.errors import Conflict
from kgqa.ingest.events import Registers
from kgqa.model.answer import Caller
from kgqa.model.delta import OptionsHashes
from kgqa.model.identity import document_id
from tests.integration.postgres.test_event_log import content

PUBLIC = Caller(subject="public", principals=("public",))
TEXT = "Marlow Pumps (MP) makes Seal Kit.\n\nSeal Kit replaces Gland Pack."
#: tables of texts and names by document, as `kgqa_app` reads them
BY_DOCUMENT = {
    "document": "id", "document_version": "document_id", "chunk": "document_id", "name_support": "document_id",
    "mention": "document_id", "equivalence": "document_id", "claim": "document_id", "alias_support": "document_id",
}  # fmt: skip


@pytest.fixture
def log(pools) -> PostgresEventLog:
    return PostgresEventLog(pools.pipeline)


def hide(log: PostgresEventLog, store, *keys: str, version: int = 3) -> None:
    gone = {key: Registers(content_version=version, access_version=1, principals=("public",)) for key in keys}
    batch = Batch(
        query="q:overtaking",
        number=log.last_batch("q:overtaking") + 1,
        collection_id=store.collection("lake").id,
        stream="kafka:t",
        outcomes={"delete": len(keys)},
        registers=gone,
    )
    log.take_away("lake", batch, deletions=keys, access={})


def rows_of(database, key: str) -> dict[str, int]:
    """How many rows of a document a reader sees, by table; none left out."""
    seen: dict[str, int] = {}
    with psycopg.connect(database.app_url) as connection:
        connection.execute("select set_config('kgqa.principals', '{public}', true)")
        for table, column in BY_DOCUMENT.items():
            query = sql.SQL("select count(*) from {} where {} = %s")
            named = query.format(sql.Identifier(table), sql.Identifier(column))
            (seen[table],) = connection.execute(named, (document_id("lake", key),)).fetchone()
    return seen


def found(pools, text: str, embed) -> set[str]:
    """Keys of documents that a reader finds, with the text that is shown."""
    index = PostgresSearchIndex(pools.app)
    view = index.view(PUBLIC, "lake")
    chunks = [c.chunk_id for c in index.candidates(view, vector=embed(text), text=text, depth=20)]
    evidence = index.evidence(view, chunks)
    assert len(evidence) == len(chunks), "every candidate can be shown"
    return {chunk.document_key for chunk in evidence}


def test_nobody_reads_what_is_hidden_and_removing_it_leaves_what_never_having_it_would(
    lake, other_lake, log, store, pools, database, delta, embed
) -> None:
    kept = [delta("kept", "Marlow Pumps sells Valve Works.")]
    lake.put(delta("gone", TEXT), *kept)
    other_lake.put(*kept)
    assert all(rows_of(database, "gone").values())
    assert found(pools, "Marlow Pumps Seal Kit", embed) == {"gone", "kept"}
    hide(log, store, "gone")
    assert not any(rows_of(database, "gone").values())
    assert found(pools, "Marlow Pumps Seal Kit", embed) == {"kept"}
    library, view = PostgresLibrary(pools.app), PostgresSearchIndex(pools.app).view(PUBLIC, "lake")
    assert library.document(PUBLIC, document_id("lake", "gone")) is None
    assert [d.key for d in library.documents(view, first=9, after=None).items] == ["kept"]
    assert library.documents(view, first=9, after=None).total == 1
    assert log.totals()["kafka:t", "delete"][0] == 1

    assert store.remove_hidden("lake") == 1
    assert store.remove_hidden("lake") == 0
    store.resolve("lake")
    mine, fresh = content(pools), content(other_lake.pools)
    for table in fresh:
        assert [row[1:] for row in mine[table]] == [row[1:] for row in fresh[table]], table
    with pools.pipeline.connection() as connection:
        assert connection.execute("select count(*) from hidden_version").fetchone() == (0,)


def test_hiding_waits_for_nobody_who_publishes(lake, log, store, pools, database, delta) -> None:
    lake.put(delta("gone", TEXT))
    with pools.pipeline.connection() as publisher, publisher.transaction():
        lock_collection(publisher, store.collection("lake").id)
        publisher.execute("select from document_version for update")
        hide(log, store, "gone")
        assert not any(rows_of(database, "gone").values())


def test_a_deletion_by_call_is_seen_even_if_its_removal_is_cut_off(lake, store, database, delta, monkeypatch) -> None:
    lake.put(delta("gone", TEXT), delta("kept", "Valve Works sleeps."))
    with monkeypatch.context() as cut:
        cut.setattr("kgqa.adapters.postgres.document_store.publish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lake.delete("gone")
    assert not any(rows_of(database, "gone").values())
    assert rows_of(database, "kept")["document"] == 1
    assert lake.delete("gone", "never").deleted == 1
    assert list(store.keys("lake")) == ["kept"]
    assert lake.delete("gone").deleted == 0


def test_who_deletes_counts_what_somebody_else_removes_first(lake, store, delta, monkeypatch) -> None:
    lake.put(delta("gone", TEXT), delta("kept", "Valve Works sleeps."))
    hold = document_store._hold_generation

    def slow(connection) -> None:
        monkeypatch.undo()
        assert store.remove_hidden("lake") == 1
        hold(connection)

    monkeypatch.setattr(document_store, "_hold_generation", slow)
    assert lake.delete("gone").deleted == 1
    assert list(store.keys("lake")) == ["kept"]


def test_what_is_hidden_is_as_if_it_were_gone_for_whoever_brings_it_again(
    lake, log, store, pools, database, delta
) -> None:
    again = delta("gone", TEXT)
    lake.put(again, delta("kept", "Valve Works sleeps."))
    collection = store.collection("lake").id
    hide(log, store, "gone")
    known = log.registers(collection, ["gone", "kept"])
    assert (known["gone"].is_there, known["gone"].content_version) == (False, 3)
    assert known["kept"].is_there
    with pytest.raises(Conflict):
        hide(log, store, "gone")

    run = store.start_run("lake", {})
    options = OptionsHashes(usual=again.options_hash, named_by_file=again.options_hash)
    hashes = {"gone": again.content_hash, "kept": delta("kept", "Valve Works sleeps.").content_hash}
    assert store.unchanged(run, hashes, options) == {"kept"}
    # other readers are nothing that brings it back
    log.begin(run, upserts=(), deletions=(), access={"gone": ("public", "group:x")})
    store.publish(run)
    assert not any(rows_of(database, "gone").values())
    lake.put(again)
    assert all(rows_of(database, "gone").values())
    assert store.remove_hidden("lake") == 0
    assert sorted(store.keys("lake")) == ["gone", "kept"]


def test_a_document_is_hidden_with_the_job_that_will_delete_it(lake, store, pools, database, delta) -> None:
    lake.put(delta("gone", TEXT), delta("kept", "Valve Works sleeps."))
    jobs = PostgresJobQueue(pools.app)
    for kind, key in (("ingest_document", "kept"), ("delete_document", "gone"), ("delete_document", "never")):
        payload = {"target": f"lake/{key}", "collection": "lake", "key": key}
        jobs.enqueue(kind, payload, key=f"{kind} {key}", requested_by="user:ivy")
    assert not any(rows_of(database, "gone").values())
    assert rows_of(database, "kept")["document"] == 1
    assert store.remove_hidden("lake") == 1
    assert list(store.keys("lake")) == ["kept"]


def test_what_somebody_has_read_again_since_is_left_to_them(lake, log, store, pools, database, delta) -> None:
    again = delta("gone", TEXT)
    lake.put(again)
    early, late = (store.start_run("lake", {"of": name}, resume=False) for name in ("early", "late"))
    hide(log, store, "gone")
    store.stage(late, [again])
    assert store.remove_hidden("lake") == 0
    assert not any(rows_of(database, "gone").values())
    store.publish(late)
    assert all(rows_of(database, "gone").values())
    store.stage(early, [delta("gone", "Read before.")])
    hide(log, store, "gone", version=4)
    assert store.remove_hidden("lake") == 1, "what was read before it was deleted goes with it"
    store.publish(early)
    assert list(store.keys("lake")) == []


def test_of_very_many_deletions_at_once_the_youngest_wait_for_their_removal(
    lake, log, store, pools, database, delta
) -> None:
    lake.put(delta("first", TEXT), delta("last", "Valve Works sleeps."))
    hide(log, store, "first")
    with pools.pipeline.connection() as connection:
        connection.execute("insert into hidden_version select -g, -g, now() from generate_series(1, 500) g")
    hide(log, store, "last")
    assert not any(rows_of(database, "first").values())
    assert rows_of(database, "last")["document"] == 1
    assert not log.registers(store.collection("lake").id, ["last"])["last"].is_there, "ingest knows all of them"
    assert store.remove_hidden("lake") == 2
    assert list(store.keys("lake")) == []
