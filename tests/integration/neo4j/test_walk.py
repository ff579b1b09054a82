"""The walk on the real graph is exactly the walk over what the view sees, and sees nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log2

import pytest
from neo4j import Driver

from kgqa.adapters.neo4j import projector
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.ask.walk import Restart, document_frequencies, walk
from kgqa.model.answer import AskOptions, Caller, View
from kgqa.model.graph import Subgraph

GRAPHS = 500
#: ids of graph n start at n times this
APART = 1_000
#: what names are numbered from, inside their graph
FIRST_NAME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallGraph:
    """Some chunks and names, a collection of its own."""

    number: int
    #: access class of each chunk
    classes: Mapping[int, int]
    names: tuple[int, ...]
    #: (chunk, name): (count, whether the name is a title)
    mentions: Mapping[tuple[int, int], tuple[int, bool]]

    @property
    def collection(self) -> str:
        return f"small-{self.number}"

    @classmethod
    def random(cls, number: int) -> SmallGraph:
        chance = random.Random(number)
        chunks = [number * APART + n for n in range(chance.randint(1, 14))]
        names = [number * APART + FIRST_NAME + n for n in range(chance.randint(1, 12))]
        density = chance.choice((0.1, 0.25, 0.5))
        pairs = [(c, n) for c in chunks for n in names if chance.random() < density]
        mentions = {pair: chance.choice(((1, False), (2, False), (5, False), (0, True), (3, True))) for pair in pairs}
        held = {name for _, name in mentions}
        return cls(
            number=number,
            classes={chunk: chance.randint(1, 4) for chunk in chunks},
            names=tuple(name for name in names if name in held),
            mentions=mentions,
        )

    def view(self, generation: int, classes: tuple[int, ...]) -> View:
        caller = Caller(subject="public", principals=("public",))
        return View(caller=caller, collection=self.collection, collection_id=1, generation=generation, classes=classes)


@pytest.fixture
def small_graphs(driver: Driver, generation: int) -> Iterator[list[SmallGraph]]:
    """All of them in one generation, written as the projector writes."""
    graphs = [SmallGraph.random(number) for number in range(GRAPHS)]
    chunks = [
        (chunk, chunk, graph.collection, "heading", class_)
        for graph in graphs
        for chunk, class_ in graph.classes.items()
    ]
    rows = {
        "documents": [(c[0], f"d{c[0]}", c[2], "title", "uri", "en", c[4]) for c in chunks],
        "chunks": chunks,
        "names": [(name, graph.collection, f"name {name}") for graph in graphs for name in graph.names],
        "mentions": [(*pair, *said) for graph in graphs for pair, said in graph.mentions.items()],
    }
    with driver.session() as session:
        for kind in ("documents", "chunks", "names", "mentions"):
            session.execute_write(projector._put, generation, kind, rows[kind])
    return graphs


def visible_mentions(graph: SmallGraph, classes: tuple[int, ...]) -> dict[tuple[int, int], tuple[int, bool]]:
    return {pair: said for pair, said in graph.mentions.items() if graph.classes[pair[0]] in classes}


def brute_force(graph: SmallGraph, classes: tuple[int, ...], restart: Restart, options: AskOptions) -> dict[int, float]:
    """Every edge that the classes see, every step over all of them."""
    seen = visible_mentions(graph, classes)
    df = {name: sum(other == name for _, other in seen) for _, name in seen}
    weights = {
        (chunk, name): (log2(1 + count) + options.title_weight * is_title) / df[name] ** 0.5
        for (chunk, name), (count, is_title) in seen.items()
        if df[name] <= options.hub_chunks
    }
    mass = sum(restart.chunks.values()) + sum(restart.names.values())
    known = {name for _, name in weights}
    start = {chunk: weight / mass for chunk, weight in restart.chunks.items()}
    start |= {name: weight / mass for name, weight in restart.names.items() if name in known}
    degree: dict[int, float] = {}
    for ends, weight in weights.items():
        for end in ends:
            degree[end] = degree.get(end, 0.0) + weight
    scores = dict(start)
    for _ in range(options.walk_steps):
        moved = {node: (1 - options.damping) * weight for node, weight in start.items()}
        for (chunk, name), weight in weights.items():
            for here, there in ((chunk, name), (name, chunk)):
                moved[there] = moved.get(there, 0.0) + options.damping * weight * scores.get(here, 0.0) / degree[here]
        scores = moved
    return {node: score for node, score in scores.items() if node in graph.classes and score > 0}


def check_subgraph(subgraph: Subgraph, graph: SmallGraph, classes: tuple[int, ...], options: AskOptions) -> None:
    """Nothing hidden, nothing foreign, and of each name all that is visible."""
    seen = visible_mentions(graph, classes)
    edges = {
        (chunk, name): (count, is_title)
        for chunk, name, count, is_title in zip(
            subgraph.chunk_ids.tolist(), subgraph.name_ids.tolist(), subgraph.counts.tolist(),
            subgraph.is_title.tolist(), strict=True,
        )
    }  # fmt: skip
    assert edges.items() <= seen.items()
    for name, df in document_frequencies(subgraph).items():
        assert df == sum(other == name for _, other in seen) <= options.hub_chunks
    assert set(subgraph.norms) == set(subgraph.name_ids.tolist())


def test_the_walk_is_that_over_the_whole_visible_graph(
    graph: Neo4jGraphStore, small_graphs: list[SmallGraph], generation: int
) -> None:
    """500 random graphs with random access classes, seeds that are hidden or foreign among those asked for."""
    walked = 0
    for small, other in zip(small_graphs, [*small_graphs[1:], small_graphs[0]], strict=True):
        chance = random.Random(-small.number)
        classes = tuple(sorted(chance.sample((1, 2, 3, 4), chance.randint(1, 4))))
        options = AskOptions(hub_chunks=chance.randint(1, 6), damping=chance.uniform(0.1, 0.9))
        visible = [chunk for chunk, class_ in small.classes.items() if class_ in classes]
        chunks = {chunk: chance.uniform(0.1, 1) for chunk in visible if chance.random() < 0.4}
        names = {name: chance.uniform(0.1, 1) for name in small.names if chance.random() < 0.3}
        hidden = [chunk for chunk in small.classes if chunk not in visible]
        subgraph = graph.expand(
            small.view(generation, classes),
            chunk_ids=[*chunks, *hidden, *other.classes, -1],
            name_ids=[*names, *other.names, -1],
            hub_chunks=options.hub_chunks,
        )
        check_subgraph(subgraph, small, classes, options)
        restart = Restart(chunks=chunks, names=names)
        found = walk(subgraph, restart, options)
        expected = brute_force(small, classes, restart, options) if chunks or names else {}
        assert found == pytest.approx(expected, abs=1e-9), small
        walked += len(expected) > len(chunks)
    assert walked > GRAPHS / 3
