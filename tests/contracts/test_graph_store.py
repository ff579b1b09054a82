"""What every GraphStore promises about `expand`, against a walk written down as sets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from neo4j import Driver, GraphDatabase
from psycopg_pool import ConnectionPool

import cypher
from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.embedded.stack import Endpoints
from kgqa.errors import DependencyUnavailable
from kgqa.model.answer import Caller, View
from kgqa.model.graph import Subgraph

#: ids are 63-bit hashes: use the whole range
BASE = (1 << 63) - 10_000
COLLECTION = "lake"


@dataclass(frozen=True, slots=True)
class World:
    """A small graph: the class of each chunk, and (count, title) of each mention."""

    classes: dict[int, int] = field(default_factory=dict)
    mentions: dict[tuple[int, int], tuple[int, bool]] = field(default_factory=dict)
    collections: dict[int, str] = field(default_factory=dict)

    def names(self) -> set[int]:
        return {name for _, name in self.mentions}

    def chunks_of(self, name: int, visible: set[int]) -> set[int]:
        return {chunk for chunk, n in self.mentions if n == name and chunk in visible}

    def names_of(self, chunks: set[int]) -> set[int]:
        return {name for chunk, name in self.mentions if chunk in chunks}

    def expected(
        self, classes: tuple[int, ...], chunks: list[int], names: list[int], hub: int
    ) -> set[tuple[int, int, int, bool]]:
        """Rows that `expand` has to return, by the words of the port."""
        visible = {chunk for chunk, class_ in self.classes.items() if class_ in classes}

        def bridges(candidates: set[int]) -> set[int]:
            return {name for name in candidates if 0 < len(self.chunks_of(name, visible)) <= hub}

        seeds = bridges(set(names))
        reached = {chunk for name in seeds for chunk in self.chunks_of(name, visible)}
        found = seeds | bridges(self.names_of(visible & set(chunks))) | bridges(self.names_of(reached))
        return {(chunk, name, *self.mentions[chunk, name]) for name in found for chunk in self.chunks_of(name, visible)}


def random_world(chance: random.Random) -> World:
    """Up to 25 chunks in up to 4 classes, names from rare to frequent."""
    chunks = [BASE + i for i in range(chance.randint(1, 25))]
    names = [BASE + i for i in range(chance.randint(1, 30))]
    mentions: dict[tuple[int, int], tuple[int, bool]] = {}
    for name in names:
        share = chance.choice((0.05, 0.1, 0.2, 0.8))
        for chunk in chunks:
            if chance.random() < share:
                mentions[chunk, name] = (chance.randint(0, 200), chance.random() < 0.3)
    return World(classes={chunk: chance.randint(1, 4) for chunk in chunks}, mentions=mentions)


@pytest.fixture(scope="module")
def driver(endpoints: Endpoints) -> Iterator[Driver]:
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        apply_schema(driver)
        yield driver


@pytest.fixture
def generation(driver: Driver) -> Iterator[int]:
    number = random.randrange(1_000, 2_000_000_000)
    yield number
    wipe(driver, number)


@pytest.fixture
def store(driver: Driver) -> Neo4jGraphStore:
    """A walk never asks the record: its pool is closed."""
    return Neo4jGraphStore(driver, ConnectionPool("", open=False))


def load(driver: Driver, generation: int, world: World) -> None:
    """Write a world as the projector writes."""
    names = sorted(world.names())
    chunks = sorted(world.classes)
    collections = world.collections
    rows = {
        "documents": [[1, "key", COLLECTION, "title", "uri", "en", 1]],
        "chunks": [[c, 1, collections.get(c, COLLECTION), "heading", world.classes[c]] for c in chunks],
        "names": [[n, collections.get(n, COLLECTION), f"name {n - BASE}"] for n in names],
        "mentions": [[c, n, count, title] for (c, n), (count, title) in world.mentions.items()],
    }
    with driver.session() as session:
        for kind, values in rows.items():
            session.run(cypher.statement(f"ingest/put_{kind}"), generation=generation, rows=values).consume()


def view(generation: int, *classes: int) -> View:
    caller = Caller(subject="user:ivy", principals=("public", "user:ivy"))
    return View(caller=caller, collection=COLLECTION, collection_id=1, generation=generation, classes=classes)


def as_rows(subgraph: Subgraph) -> list[tuple[int, int, int, bool]]:
    arrays = (subgraph.chunk_ids, subgraph.name_ids, subgraph.counts, subgraph.is_title)
    return list(zip(*(array.tolist() for array in arrays), strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_expand_returns_what_the_port_says(driver, store, generation: int, seed: int) -> None:
    """30 graphs with 4 callers each: exactly the rows of the brute-force walk, each once."""
    chance = random.Random(seed)
    world = random_world(chance)
    load(driver, generation, world)
    for _ in range(4):
        classes = tuple(sorted(chance.sample(range(1, 5), chance.randint(0, 4))))
        chunks = chance.sample(sorted(world.classes), chance.randint(0, min(5, len(world.classes))))
        names = chance.sample(sorted(world.names()), chance.randint(0, min(4, len(world.names()))))
        hub = chance.choice((1, 2, 3, 5, 50))
        found = store.expand(view(generation, *classes), chunk_ids=chunks, name_ids=names, hub_chunks=hub)
        rows = as_rows(found)
        assert len(rows) == len(set(rows))
        assert set(rows) == world.expected(classes, chunks, names, hub)
        assert found.norms == {name: f"name {name - BASE}" for _, name, _, _ in rows}


@pytest.mark.parametrize("seed", range(10))
def test_expand_does_not_depend_on_hidden_chunks(driver, store, generation: int, seed: int) -> None:
    """With hidden chunks absent the answer is the same, for seeds that the caller can have."""
    chance = random.Random(seed)
    world = random_world(chance)
    visible = {chunk for chunk, class_ in world.classes.items() if class_ in (1, 2)}
    mentions = {(c, n): value for (c, n), value in world.mentions.items() if c in visible}
    purged = replace(world, classes={c: world.classes[c] for c in visible}, mentions=mentions)
    load(driver, generation, world)
    chunks, names = chance.sample(sorted(visible), len(visible) // 3), sorted(purged.names())[:3]
    seeds = {"chunk_ids": chunks, "name_ids": names, "hub_chunks": 3}
    full = as_rows(store.expand(view(generation, 1, 2), **seeds))
    wipe(driver, generation)
    load(driver, generation, purged)
    assert set(full) == set(as_rows(store.expand(view(generation, 1, 2), **seeds)))


def test_a_name_with_too_many_visible_chunks_is_left_out(driver, store, generation: int) -> None:
    chunks = range(BASE, BASE + 5)
    world = World(classes=dict.fromkeys(chunks, 1) | {BASE + 4: 2}, mentions={(c, BASE): (1, False) for c in chunks})
    load(driver, generation, world)
    for classes, hub, expected in (((1,), 4, 4), ((1, 2), 4, 0), ((1,), 3, 0), ((1, 2), 5, 5)):
        found = store.expand(view(generation, *classes), chunk_ids=[BASE], name_ids=[], hub_chunks=hub)
        assert len(found.chunk_ids) == expected


def test_names_beyond_hidden_chunks_are_not_reached(driver, store, generation: int) -> None:
    """Seed name - hidden chunk - other name - visible chunk: the way is closed."""
    mentions = {(BASE, 1): (1, False), (BASE, 2): (1, False), (BASE + 1, 2): (1, True)}
    load(driver, generation, World(classes={BASE: 2, BASE + 1: 1}, mentions=mentions))
    assert as_rows(store.expand(view(generation, 1), chunk_ids=[BASE], name_ids=[1], hub_chunks=9)) == []
    open_way = as_rows(store.expand(view(generation, 1, 2), chunk_ids=[], name_ids=[1], hub_chunks=9))
    assert {(chunk, name) for chunk, name, _, _ in open_way} == set(mentions)


def test_missing_seeds_and_other_generations_and_collections_are_absent(driver, store, generation: int) -> None:
    other = World(classes={BASE: 1}, mentions={(BASE, BASE + 1): (1, True)}, collections={BASE: "x", BASE + 1: "x"})
    load(driver, generation, other)
    seeds = {"chunk_ids": [BASE, 5], "name_ids": [BASE + 1, 6], "hub_chunks": 50}
    assert as_rows(store.expand(view(generation, 1), **seeds)) == []
    assert as_rows(store.expand(view(generation + 1, 1), **seeds)) == []
    assert len(as_rows(store.expand(replace(view(generation, 1), collection="x"), **seeds))) == 1


def test_without_seeds_there_is_nothing(store, generation: int) -> None:
    found = store.expand(view(generation, 1), chunk_ids=[], name_ids=[], hub_chunks=50)
    assert (len(found.chunk_ids), found.chunk_ids.dtype, found.norms) == (0, np.int64, {})


def test_counts_are_of_one_generation(driver, store, generation: int) -> None:
    load(driver, generation, World(classes={BASE: 1}, mentions={(BASE, BASE): (1, True)}))
    counts = store.counts(generation)
    assert counts.nodes == {"Document": 1, "Chunk": 1, "Name": 1, "Entity": 0, "Claim": 0}
    assert (counts.relationships["MENTIONS"], counts.relationships["PART_OF"]) == (1, 1)
    assert not any(store.counts(generation + 1).nodes.values())


def test_an_unreachable_server_is_a_retryable_error(generation: int) -> None:
    with GraphDatabase.driver("bolt://127.0.0.1:1", auth=("neo4j", "x"), max_transaction_retry_time=0) as nowhere:
        store = Neo4jGraphStore(nowhere, ConnectionPool("", open=False))
        with pytest.raises(DependencyUnavailable) as failure:
            store.expand(view(generation, 1), chunk_ids=[1], name_ids=[], hub_chunks=50)
    assert failure.value.retryable
