"""Retention on the real record: what is old enough goes, and nothing that anything else rests on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from kgqa.adapters.postgres.content import differences, record_content
from kgqa.adapters.postgres.event_log import Batch, PostgresEventLog
from kgqa.adapters.postgres.generations import drop_generation, start_generation
from kgqa.adapters.postgres.publish import lock_collection
from kgqa.adapters.postgres.retention import Ages, analyse_record, drop_old
from kgqa.model.delta import IngestDelta
from tests.integration.conftest import Database
from tests.integration.postgres.conftest import COLLECTION

NOTHING = Ages(jobs=0, conversations=0, runs=0, staged=0, audit=0)
ALL = Ages(jobs=30, conversations=30, runs=30, staged=7, audit=30)
#: what staging writes, read by nobody until it is published
STAGED = (
    "document", "document_version", "chunk", "chunk_placement", "chunk_index", "sentence", "name_support", "claim",
    "equivalence", "pii_use", "pii_vault", "staged_deletion",
)  # fmt: skip
ENDED = ("done", "failed", "dead", "cancelled")


@pytest.fixture
def owner(database: Database):
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield connection


def counts(owner) -> dict[str, int]:
    return {
        table: owner.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()[0]
        for table in STAGED
    }


def column(owner, query: str, *values: object) -> list[object]:
    return [row[0] for row in owner.execute(query, values)]


def age(owner, table: str, time: str, days: int, where: str = "true") -> None:
    query = sql.SQL("update {} set {} = now() - make_interval(days => %s) where {}").format(
        sql.Identifier(table), sql.Identifier(time), sql.SQL(where)
    )
    assert owner.execute(query, (days,)).rowcount


def age_run(owner, run: int, days: int) -> None:
    """As if the run had been begun, staged and ended so long ago."""
    owner.execute(
        "update ingest_run set created_at = created_at - make_interval(days => %s),"
        " published_at = published_at - make_interval(days => %s) where id = %s",
        (days, days, run),
    )
    owner.execute(
        "update document_version set created_at = created_at - make_interval(days => %s) where run_id = %s", (days, run)
    )


def staged(store, *deltas, deletions: tuple[str, ...] = ()) -> int:
    """A run that was cut off before it was published."""
    run = store.start_run(COLLECTION, {}, resume=False)
    store.stage_deletions(run, deletions)
    store.stage(run, list(deltas))
    return run


@pytest.mark.parametrize("state", ["queued", "running", *ENDED])
def test_jobs_go_when_they_have_ended_long_enough_ago(owner, database, state: str) -> None:
    for key in ("old", "young"):
        owner.execute(
            "insert into job (kind, idempotency_key, requested_by, state) values ('ingest', %s, 'user:ivy', %s)",
            (key, state),
        )
    age(owner, "job", "created_at", 400)
    age(owner, "job", "updated_at", 31, "idempotency_key = 'old'")
    age(owner, "job", "updated_at", 29, "idempotency_key = 'young'")
    assert drop_old(database.owner_url, replace(NOTHING, jobs=30)) == {"jobs": int(state in ENDED)}
    left = ["young"] if state in ENDED else ["old", "young"]
    assert column(owner, "select idempotency_key from job order by 1") == left


def test_a_conversation_goes_with_its_messages_when_nothing_was_said_for_long(owner, database) -> None:
    for title in ("silent", "alive", "empty", "new"):
        owner.execute("insert into conversation (owner, title) values ('user:ivy', %s)", (title,))
    owner.execute(
        "insert into message (conversation_id, owner, role, text)"
        " select id, owner, 'user', title from conversation where title <> 'empty'"
    )
    owner.execute("insert into feedback (message_id, owner, value) select id, owner, 1 from message")
    age(owner, "conversation", "created_at", 31, "title <> 'new'")
    age(owner, "message", "created_at", 31, "text <> 'new'")
    owner.execute(
        "insert into message (conversation_id, owner, role, text)"
        " select id, owner, 'user', 'again' from conversation where title = 'alive'"
    )
    assert drop_old(database.owner_url, replace(NOTHING, conversations=30)) == {"conversations": 2}
    assert column(owner, "select title from conversation order by 1") == ["alive", "new"]
    assert column(owner, "select text from message order by 1") == ["again", "alive", "new"]
    assert column(owner, "select count(*) from feedback") == [2]


def test_audit_events_go_only_where_a_setting_says_so(owner, database) -> None:
    for action in ("old", "young"):
        owner.execute("insert into audit_event (subject, action) values ('user:ivy', %s)", (action,))
    age(owner, "audit_event", "at", 31, "action = 'old'")
    assert "audit_events" not in drop_old(database.owner_url, replace(ALL, audit=0))
    assert column(owner, "select action from audit_event order by seq") == ["old", "young"]
    assert drop_old(database.owner_url, ALL)["audit_events"] == 1
    assert column(owner, "select action from audit_event") == ["young"]


def test_what_an_abandoned_run_staged_goes_and_the_record_stays_as_it_was(owner, database, store, lake, delta) -> None:
    lake.put(delta("a", "Acme Works makes Pump.\n\nThe pump is good."), delta("b", "Kestrel Seals (KS) makes Valve."))
    before, content = counts(owner), record_content(owner)
    run = staged(
        store,
        delta("a", "Acme Works makes Pump.\n\nThe pump was replaced."),  # its first chunk is the published one's, too
        delta("new", "Marlow Pumps (MP) makes Seal Kit."),
        deletions=("b",),
    )
    owner.execute(
        "insert into pii_use select v.id, d.collection_id, '[PERSON:0]'"
        " from document_version v join document d on d.id = v.document_id where v.run_id = %s and d.key = 'new'",
        (run,),
    )
    owner.execute("insert into pii_vault select collection_id, token, 'PERSON', 'k', '' from pii_use")
    held = counts(owner)
    assert [table for table in STAGED if held[table] <= before[table]] == []
    age_run(owner, run, 6)
    assert not any(drop_old(database.owner_url, ALL).values())
    assert counts(owner) == held
    age_run(owner, run, 2)
    dropped = drop_old(database.owner_url, replace(ALL, runs=0))
    assert dropped["abandoned"] == 1
    assert dropped["documents"] == 1
    assert {kind: dropped[kind] for kind in ("versions", "deletions", "masked_values")} == {
        "versions": 2, "deletions": 1, "masked_values": 1,
    }  # fmt: skip
    assert dropped["chunks"] == held["chunk"] - before["chunk"]
    assert counts(owner) == before
    assert differences(content, record_content(owner)) == []
    assert [found for _, findings in store.check(store.generation().id) for found in findings] == []
    assert column(owner, "select state from ingest_run where id = %s", run) == ["abandoned"]
    age_run(owner, run, 30)
    assert drop_old(database.owner_url, ALL)["runs"] == 1
    assert column(owner, "select count(*) from ingest_run where id = %s", run) == [0]


def test_a_run_that_goes_on_is_not_abandoned(owner, database, store, delta) -> None:
    run = staged(store, delta("a", "Acme Works makes Pump."))
    age_run(owner, run, 40)
    store.stage(run, [delta("b", "Acme Works makes Valve.")])
    assert drop_old(database.owner_url, ALL)["abandoned"] == 0
    assert store.publish(run).indexed == 2


def test_a_run_that_somebody_is_staging_now_is_passed_over(owner, database, store, pools, delta) -> None:
    run = staged(store, delta("a", "Acme Works makes Pump."))
    age_run(owner, run, 40)
    with pools.pipeline.connection() as connection, connection.transaction():
        connection.execute("select from ingest_run where id = %s for share", (run,))
        assert drop_old(database.owner_url, ALL)["abandoned"] == 0
    assert drop_old(database.owner_url, ALL)["abandoned"] == 1


def test_what_was_staged_is_dropped_only_while_nobody_stages_in_the_collection(
    owner, database, store, pools, delta
) -> None:
    run = staged(store, delta("a", "Acme Works makes Pump."))
    age_run(owner, run, 40)
    collection = store.collection(COLLECTION).id
    found: list[dict[str, int]] = []
    dropping = threading.Thread(target=lambda: found.append(drop_old(database.owner_url, ALL)), daemon=True)
    with pools.pipeline.connection() as connection, connection.transaction():
        lock_collection(connection, collection, shared=True)
        dropping.start()
        dropping.join(2)
        assert found == []
        assert counts(owner)["document_version"] == 1
    dropping.join(30)
    assert found[0]["versions"] == 1


def test_runs_go_with_their_reports_only_when_nothing_names_them(owner, database, store, lake, delta) -> None:
    lake.put(delta("a", "Acme Works makes Pump."), delta("b", "Acme Works makes Valve."))
    lake.put(delta("a", "Acme Works makes Seal."))  # the first run still has b
    lake.delete("a")  # nothing is left of the second, nor was there of the third
    streamed = store.start_run(COLLECTION, {"stream": "q"})
    log = PostgresEventLog(store._pool)
    batch = Batch(
        query="q", number=1, collection_id=store.collection(COLLECTION).id, stream="kafka:t", outcomes={"delete": 1}
    )
    log.publish(streamed, batch)
    runs = column(owner, "select id from ingest_run order by id")
    assert len(runs) == 4
    assert drop_old(database.owner_url, ALL)["runs"] == 0
    for run in runs:
        age_run(owner, run, 31)
    assert drop_old(database.owner_url, ALL)["runs"] == 2
    assert column(owner, "select id from ingest_run order by id") == [runs[0], streamed]
    assert log.is_applied("q", 1, batch.collection_id)
    assert column(owner, "select key from current_document") == ["b"]


def test_a_generation_can_still_be_dropped_whole_afterwards(owner, database, store, lake, delta) -> None:
    text = delta("a", "Acme Works makes Pump.")
    lake.put(text)
    other = start_generation(database.owner_url, model="other", encoder="other", dimensions=384)
    bound = store.at(other)
    run = bound.start_run(COLLECTION, {})
    bound.stage(run, [text])
    bound.publish(run)
    for found in column(owner, "select id from ingest_run"):
        age_run(owner, found, 400)
    assert drop_old(database.owner_url, ALL)["runs"] == 0
    drop_generation(database.owner_url, other)
    assert column(owner, "select count(*) from document_version") == [1]


def test_without_ages_nothing_goes(owner, database, store, lake, delta) -> None:
    lake.store.apply_delta(IngestDelta(collection=COLLECTION, deletions=("never",)))
    run = staged(store, delta("a", "Acme Works makes Pump."))
    owner.execute("insert into job (kind, idempotency_key, requested_by, state) values ('k', 'k', 'user:ivy', 'done')")
    owner.execute("insert into audit_event (subject, action) values ('user:ivy', 'ask')")
    age(owner, "job", "updated_at", 4000)
    age(owner, "audit_event", "at", 4000)
    age(owner, "ingest_run", "created_at", 4000)
    age_run(owner, run, 4000)
    before = counts(owner)
    assert drop_old(database.owner_url, NOTHING) == {}
    assert counts(owner) == before
    assert column(owner, "select count(*) from job") == column(owner, "select count(*) from audit_event") == [1]
    assert column(owner, "select count(*) from ingest_run") == [2]


def never_analysed(owner) -> Mapping[str, float]:
    return dict(
        owner.execute(
            "select relname, reltuples from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and reltuples < 0"
        ).fetchall()
    )


def test_every_table_is_analysed_also_of_generations_that_came_later(owner, database, lake, delta) -> None:
    lake.put(delta("a", "Acme Works makes Pump."))
    other = start_generation(database.owner_url, model="other", encoder="other", dimensions=384)
    assert {"chunk_index", f"chunk_index_g{other}", "publication", "chunk"} <= never_analysed(owner).keys()
    assert analyse_record(database.owner_url) > 30
    assert never_analysed(owner) == {}
    assert column(owner, "select reltuples from pg_class where relname = 'publication'") == [1]
