"""The nightly tasks over both real stores, each on what it is there for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from neo4j import Driver

from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints
from kgqa.errors import InvalidInput
from kgqa.maintenance import TASKS, check, check_stores, chosen, resolve, retention, statistics
from kgqa.settings import ModelSettings, RetentionSettings, Settings
from tests.integration.conftest import Database
from tests.integration.postgres.conftest import COLLECTION, make_delta
from tests.integration.spark.lake import on_database

TEXTS = {
    "a": "Kestrel Seals makes Seal Kit. It is a good kit.",
    "b": "Northline Castings makes Pump Housing. Northline Castings (NC) is old.",
    "c": "Pump Housing replaces Old Housing.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A record and a graph of this test, and what runs on them."""

    services: Services
    endpoints: Endpoints
    generation: int

    def put(self, *, collection: str = COLLECTION, resolve: bool = True) -> None:
        store = self.services.store
        run = store.start_run(collection, {}, resume=False)
        store.stage(run, [make_delta(key, text, collection=collection) for key, text in TEXTS.items()])
        store.publish(run, resolve=resolve)

    def execute(self, statement: str) -> int:
        with psycopg.connect(self.endpoints.postgres_owner_url) as owner:
            return owner.execute(statement.encode()).rowcount

    def run(self, task: str) -> dict[str, int]:
        report = TASKS[task](self.services, self.endpoints)
        assert report.problems == ()
        return dict(report.counts)


@pytest.fixture
def running(endpoints: Endpoints, database: Database, generation: int, tmp_path: Path) -> Iterator[Running]:
    settings = Settings(
        home=tmp_path,
        models=ModelSettings(encoder="hashing", ranker="none", judges="none"),
        retention=RetentionSettings(jobs_days=3, conversations_days=4, runs_days=5, staged_days=6, audit_days=7),
    )
    here = on_database(endpoints, database)
    with build_services(settings, here) as services:
        yield Running(services=services, endpoints=here, generation=generation)


def test_names_that_wait_in_any_collection_become_entities_of_both_stores(running: Running) -> None:
    collections = (COLLECTION, "other")
    for collection in collections:
        running.put(collection=collection, resolve=False)
    store = running.services.store
    waiting = sum(store.count_waiting(collection)[0] for collection in collections)
    assert waiting > 10
    assert not check_stores(running.services).is_whole
    done = running.run("resolve")
    assert done["names"] == waiting
    assert done["projected"] > 0
    assert [store.count_waiting(collection)[0] for collection in collections] == [0, 0]
    assert running.run("check") == {"record": 0, "graph": 0}
    assert running.run("resolve") == {"removed": 0, "names": 0, "projected": 0}


def test_what_a_deletion_that_was_cut_off_has_hidden_is_removed(running: Running) -> None:
    running.put()
    hide = "insert into hidden_version select current_version, id, now() - interval '1 day' from current_document"
    assert running.execute(f"{hide} where key = 'b'") == 1
    assert [finding.check for finding in check_stores(running.services).findings] == ["hidden"]
    assert running.run("resolve")["removed"] == 1
    assert sorted(running.services.store.keys(COLLECTION)) == ["a", "c"]
    assert running.run("check") == {"record": 0, "graph": 0}


def test_a_damaged_record_fails_the_check(running: Running) -> None:
    running.put()
    running.run("resolve")
    assert running.run("check") == {"record": 0, "graph": 0}
    assert running.execute("delete from name_sense where name_id = (select min(name_id) from name_sense)")
    report = check(running.services, running.endpoints)
    assert report.counts["record"] >= 1
    assert any("sense of a name" in problem for problem in report.problems)


def test_a_damaged_graph_fails_the_check_and_says_which_part_is_wrong(running: Running, driver: Driver) -> None:
    running.put()
    running.run("resolve")
    driver.execute_query("MATCH (c:Chunk {generation: $g}) WITH c LIMIT 1 DETACH DELETE c", g=running.generation)
    report = check(running.services, running.endpoints)
    assert report.counts == {"record": 0, "graph": 1}
    assert [problem.partition(":")[0] for problem in report.problems] == ["graph"]
    seen: dict[str, bool] = {}
    assert not check_stores(running.services, seen.__setitem__).is_whole
    assert [part for part, is_wrong in seen.items() if is_wrong] == ["graph"]
    assert "record: mentions" in seen


def test_statistics_are_brought_up_to_date_and_a_grown_generation_gets_vector_indexes(running: Running) -> None:
    running.put()
    assert running.run("statistics")["vector_indexes"] == 0
    assert running.execute("select from pg_class where relname = 'mention' and reltuples > 0") == 1
    assert running.execute("update corpus_statistics set chunks = 60000")
    assert running.run("statistics")["vector_indexes"] == 2
    assert running.run("statistics")["vector_indexes"] == 0


def test_each_setting_of_retention_is_that_of_its_kind(running: Running) -> None:
    running.put()
    running.services.store.start_run(COLLECTION, {}, resume=False)
    running.execute("""
        insert into job (kind, idempotency_key, requested_by, state) values ('k', 'k', 'user:ivy', 'done');
        insert into conversation (owner) values ('user:ivy');
        insert into audit_event (subject, action) values ('user:ivy', 'ask');
        insert into ingest_run (collection_id, generation, options, state, published_at)
            select collection_id, generation, '{}', 'published', now() from ingest_run limit 1""")
    due = {3: "jobs", 4: "conversations", 5: "runs", 6: "abandoned", 7: "audit_events"}
    gone: list[list[str]] = []
    for _ in range(8):
        counts = running.run("retention")
        gone.append([kind for kind in due.values() if counts[kind]])
        running.execute("""
            update job set updated_at = updated_at - interval '1 day';
            update conversation set created_at = created_at - interval '1 day';
            update audit_event set at = at - interval '1 day';
            update ingest_run
                set created_at = created_at - interval '1 day', published_at = published_at - interval '1 day'""")
    assert gone == [
        [], [], [], ["jobs"], ["conversations"], ["runs"], ["runs", "abandoned"], ["audit_events"],
    ]  # fmt: skip


def test_tasks_run_in_one_order_and_an_unknown_one_is_refused() -> None:
    assert chosen([]) == ["resolve", "retention", "statistics", "check"]
    assert chosen(["check", "resolve", "check"]) == ["resolve", "check"]
    assert [TASKS[name] for name in chosen([])] == [resolve, retention, statistics, check]
    with pytest.raises(InvalidInput, match="'vacuum'"):
        chosen(["check", "vacuum"])
