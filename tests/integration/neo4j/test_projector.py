"""The projector against the real record and the real graph: whatever happens, Neo4j equals the record."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from neo4j import GraphDatabase

from kgqa.adapters.neo4j import projector
from kgqa.adapters.neo4j.admin import wipe
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.adapters.neo4j.record import snapshot
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import DependencyUnavailable
from kgqa.model.delta import DocumentDelta, IngestDelta
from tests.integration.conftest import Pools
from tests.integration.postgres.conftest import COLLECTION, make_delta

TEXTS = {
    "a": "Kestrel Seals makes Seal Kit. It is a good kit.",
    "b": "The Seal Kit fits all of the larger and most of the smaller pumps that were ever sold, in this country or in "
    "any other one, by Northline Castings (NC).\n\nNorthline Castings makes Pump Housing.",
    "c": "Pump Housing replaces Old Housing. Ivy Marsh signed.",
    "d": "Nothing of note happened in Bergen.",
}


@dataclass(frozen=True, slots=True)
class Lake:
    """A collection that tests put documents into and take documents out of."""

    store: PostgresDocumentStore

    def put(self, *deltas: DocumentDelta) -> None:
        self.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=deltas))

    def delete(self, *keys: str) -> None:
        self.store.apply_delta(IngestDelta(collection=COLLECTION, deletions=keys))


@pytest.fixture
def lake(pools: Pools, generation: int) -> Lake:
    assert generation
    return Lake(PostgresDocumentStore(pools.pipeline))


def settle(graph: Neo4jGraphStore, limit: int = 5_000) -> int:
    total = 0
    while done := graph.project(limit):
        total += done
    return total


def waiting(pools: Pools) -> int:
    with pools.pipeline.connection() as connection:
        row = connection.execute("select count(*) from dirty_key").fetchone()
    assert row is not None
    return row[0]


def fill(lake: Lake) -> None:
    lake.put(*(make_delta(key, text) for key, text in TEXTS.items()))


def test_a_first_projection_makes_the_graph_of_the_record(graph, lake, pools, generation) -> None:
    fill(lake)
    assert settle(graph) > 0
    assert graph.compare(generation).summary() == "none"
    counts = graph.counts(generation)
    assert (counts.nodes["Document"], counts.nodes["Chunk"]) == (4, 5)
    for label in ("Name", "Entity", "Claim"):
        assert counts.nodes[label] > 0
    assert counts.relationships["PART_OF"] == 5
    assert counts.relationships["RELATES"] >= 3
    assert waiting(pools) == 0


def test_a_mention_carries_its_count_and_title(graph, lake, driver, generation) -> None:
    lake.put(make_delta("a", "Seal Kit and Seal Kit.", title="Seal Kit"))
    settle(graph)
    rows = driver.execute_query(
        "MATCH (:Chunk {generation: $g})-[m:MENTIONS]->(n:Name) RETURN n.norm, m.count, m.title", g=generation
    ).records
    assert [tuple(row) for row in rows] == [("seal kit", 2, True)]


def test_changes_replace_only_what_they_touch(graph, lake, generation) -> None:
    fill(lake)
    settle(graph)
    lake.put(make_delta("b", "Kestrel Seals replaces Seal Kit.", principals=("group:hr",)))
    lake.put(make_delta("e", "Bergen is where Ivy Marsh lives."))
    assert graph.compare(generation)
    settle(graph)
    assert graph.compare(generation).summary() == "none"


def test_deleting_equals_never_having_been_there(graph, lake, generation) -> None:
    lake.put(make_delta("a", TEXTS["a"]))
    settle(graph)
    before = graph.content(generation)
    lake.put(*(make_delta(key, TEXTS[key]) for key in "bcd"))
    settle(graph)
    assert graph.content(generation) != before
    lake.delete("b", "c", "d")
    settle(graph)
    assert graph.content(generation) == before


def test_an_empty_record_leaves_an_empty_graph(graph, lake, generation) -> None:
    fill(lake)
    settle(graph)
    lake.delete(*TEXTS)
    settle(graph)
    counts = graph.counts(generation)
    assert not any(counts.nodes.values())
    assert not any(counts.relationships.values())


@pytest.mark.parametrize("seed", range(6))
def test_any_order_any_batch_and_any_repetition_end_the_same(graph, lake, pools, generation, seed: int) -> None:
    """Keys marked at random, settled one at a time or in batches between random changes."""
    chance = random.Random(seed)
    settle(graph)
    for _ in range(8):
        key = chance.choice("abcdef")
        if chance.random() < 0.3:
            lake.delete(key)
        else:
            text = " ".join(chance.sample(sorted(TEXTS.values()), 2)).replace("\n\n", " ")
            lake.put(make_delta(key, text, principals=(chance.choice(("public", "group:hr")),)))
        shuffle_dirty(pools, chance, generation)
        graph.project(chance.choice((1, 2, 7, 100)))
    settle(graph, limit=chance.choice((1, 3, 1000)))
    assert graph.compare(generation).summary() == "none"


def shuffle_dirty(pools: Pools, chance: random.Random, generation: int) -> None:
    """Give the waiting keys another order, and mark some again."""
    with pools.pipeline.connection() as connection, connection.transaction():
        keys = connection.execute("delete from dirty_key returning kind, key").fetchall()
        keys += chance.sample(keys, min(3, len(keys)))
        chance.shuffle(keys)
        for kind, key in keys:
            connection.execute(
                "insert into dirty_key (generation, kind, key) values (%s, %s, %s)", (generation, kind, key)
            )


def test_a_crash_before_the_settling_is_harmless(graph, lake, pools, generation, monkeypatch) -> None:
    settle(graph)
    fill(lake)
    marked = waiting(pools)
    with monkeypatch.context() as patch:
        patch.setattr("kgqa.adapters.neo4j.record.Snapshot.settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            graph.project()
    assert waiting(pools) == marked > 0
    assert graph.compare(generation).summary() == "none"
    settle(graph)
    assert (waiting(pools), graph.compare(generation).summary()) == (0, "none")


def test_keys_marked_during_a_projection_stay(graph, lake, pools, generation, monkeypatch) -> None:
    fill(lake)
    settle(graph)
    lake.delete("a")
    write = projector._write

    def write_and_change(tx, pieces) -> None:
        write(tx, pieces)
        if "a" not in changed:
            changed.append("a")
            lake.put(make_delta("a", TEXTS["a"]))

    changed: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(projector, "_write", write_and_change)
        graph.project()
    assert waiting(pools) > 0
    settle(graph)
    assert graph.compare(generation).summary() == "none"


def test_large_batches_are_split(graph, lake, generation, monkeypatch) -> None:
    settle(graph)
    fill(lake)
    monkeypatch.setattr(projector, "ROWS", 5)
    settle(graph)
    assert graph.compare(generation).summary() == "none"


def test_rebuild_after_a_loss_gives_the_same_graph(graph, lake, driver, generation) -> None:
    fill(lake)
    settle(graph)
    before = graph.content(generation)
    wipe(driver, generation)
    assert not any(graph.content(generation).values())
    graph.rebuild(generation)
    assert graph.content(generation) == before
    assert graph.compare(generation).summary() == "none"


def test_a_lost_graph_is_rebuilt_by_the_next_projection(graph, lake, driver, pools, generation) -> None:
    fill(lake)
    settle(graph)
    wipe(driver, generation)
    assert (waiting(pools), graph.project()) == (0, 0)
    assert graph.compare(generation).summary() == "none"


def test_an_interrupted_rebuild_is_done_again(graph, lake, generation, monkeypatch) -> None:
    fill(lake)
    settle(graph)
    with monkeypatch.context() as patch:
        patch.setattr(projector, "_prune", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            graph.rebuild(generation)
    graph.project()
    assert graph.compare(generation).summary() == "none"


def test_generations_do_not_touch_each_other(graph, lake, driver, generation) -> None:
    fill(lake)
    settle(graph)
    before = graph.content(generation)
    driver.execute_query("CREATE (:Name {generation: -1, id: 1}), (:Chunk {generation: -1, id: 1})")
    graph.rebuild(generation)
    assert graph.content(generation) == before
    assert wipe(driver, -1) == 2


def test_differences_are_named(graph, lake, driver, generation) -> None:
    fill(lake)
    settle(graph)
    driver.execute_query("MATCH (c:Chunk {generation: $g}) SET c.aclClass = 99", g=generation)
    found = graph.compare(generation)
    assert found
    assert found.summary() == "chunks 5 missing, chunks 5 unexpected"


def test_staged_documents_are_not_in_the_graph(graph, lake, pools, generation) -> None:
    run = lake.store.start_run(COLLECTION, {})
    lake.store.stage(run, [make_delta("a", TEXTS["a"])])
    settle(graph)
    assert not any(graph.content(generation).values())
    with snapshot(pools.pipeline) as record:
        assert not any(record.content(generation).values())


def test_an_unreachable_server_is_a_retryable_error(pools, generation) -> None:
    with GraphDatabase.driver("bolt://127.0.0.1:1", auth=("neo4j", "x"), max_transaction_retry_time=0) as nowhere:
        store = Neo4jGraphStore(nowhere, pools.pipeline)
        with pytest.raises(DependencyUnavailable):
            store.counts(generation)
        with pytest.raises(DependencyUnavailable):
            store.project()
