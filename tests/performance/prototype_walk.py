"""The walk as the research prototype did it: stored degrees and weights, four statements, one row per name.

Only to have its time beside that of kgqa on the same machine in the same minutes. It has labels and nodes of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString, cast

import numpy as np
from neo4j import Driver, ManagedTransaction
from scipy.sparse import csr_array

from kgqa.model.answer import AskOptions
from tests.performance.oracles import WholeGraph

#: what fits into the transactions of a small heap
_LOADED_ROWS = 5_000
_CONSTRAINTS = tuple(
    f"CREATE CONSTRAINT prototype_{label.lower()} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
    for label in ("PrototypeChunk", "PrototypeName")
)
_CHUNKS = "UNWIND $rows AS r CREATE (:PrototypeChunk {id: r[0], degree: r[1], acl: ['public', 'group:x']})"
_NAMES = "UNWIND $rows AS r CREATE (:PrototypeName {id: r[0], degree: r[1], df: r[2]})"
_EDGES = """UNWIND $rows AS r MATCH (c:PrototypeChunk {id: r[0]}) MATCH (n:PrototypeName {id: r[1]})
CREATE (c)-[:PROTOTYPE {w: r[2]}]->(n)"""
_WIPE = "MATCH (n:PrototypeChunk|PrototypeName) WITH n LIMIT 2000 DETACH DELETE n RETURN count(*) AS gone"
_NAMES_OF_SEEDS = """MATCH (c:PrototypeChunk) WHERE c.id IN $chunks AND any(a IN c.acl WHERE a IN $principals)
MATCH (c)-[:PROTOTYPE]->(n:PrototypeName) RETURN collect(DISTINCT n.id) AS names"""
_CHUNKS_OF_NAMES = """MATCH (n:PrototypeName) WHERE n.id IN $names
MATCH (n)<-[m:PROTOTYPE]-(c:PrototypeChunk) WHERE any(a IN c.acl WHERE a IN $principals)
RETURN n.id, n.degree, collect(c.id), collect(m.w), collect(c.degree)"""
_NAMES_OF_CHUNKS = """MATCH (c:PrototypeChunk) WHERE c.id IN $chunks
MATCH (c)-[:PROTOTYPE]->(n:PrototypeName) RETURN collect(DISTINCT n.id) AS names"""
_PRINCIPALS = ["public"]


class PrototypeWalk:
    """Loads a graph beside that of kgqa, walks over it, and takes it away again."""

    def __init__(self, driver: Driver, graph: WholeGraph) -> None:
        self._driver = driver
        self._graph = graph

    def __enter__(self) -> PrototypeWalk:
        for constraint in _CONSTRAINTS:
            self._run(constraint)
        self._wipe()
        graph = self._graph
        edges = graph.weights.tocoo()
        rows, columns = edges.coords
        of_chunks, of_names = graph.weights.sum(axis=1).tolist(), graph.weights.sum(axis=0).tolist()
        names = graph.name_ids.tolist()
        self._load(_CHUNKS, list(zip(graph.chunk_ids.tolist(), of_chunks, strict=True)))
        degrees = [(i, d, graph.df[i]) for i, d in zip(names, of_names, strict=True) if i in graph.df]
        self._load(_NAMES, degrees)
        ends = zip(graph.chunk_ids[rows].tolist(), graph.name_ids[columns].tolist(), edges.data.tolist(), strict=True)
        self._load(_EDGES, list(ends))
        return self

    def __exit__(self, *_: object) -> None:
        self._wipe()
        for label in ("chunk", "name"):
            self._run(f"DROP CONSTRAINT prototype_prototype{label} IF EXISTS")

    def seconds(self, chunks: Mapping[int, float], names: Mapping[int, float], options: AskOptions) -> float:
        """Time of one walk: statements, and three steps over what came back."""
        started = time.perf_counter()
        with self._driver.session(default_access_mode="READ") as session:
            rows = session.execute_read(_fetch, list(chunks), list(names))
        _steps(rows, chunks, names, options)
        return time.perf_counter() - started

    def _load(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for batch in _batches(rows):
            self._run(statement, rows=[list(row) for row in batch])

    def _wipe(self) -> None:
        while self._run(_WIPE)[0][0]:
            pass

    def _run(self, statement: str, **parameters: Any) -> list[Any]:
        return self._driver.execute_query(cast("LiteralString", statement), parameters).records


def _batches(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    return (rows[place : place + _LOADED_ROWS] for place in range(0, len(rows), _LOADED_ROWS))


def _fetch(tx: ManagedTransaction, chunks: list[int], seeds: list[int]) -> list[tuple[Any, ...]]:
    first = tx.run(_NAMES_OF_SEEDS, chunks=chunks, principals=_PRINCIPALS).single(strict=True)["names"]
    names = set(seeds) | set(first)
    near = [tuple(row) for row in tx.run(_CHUNKS_OF_NAMES, names=list(names), principals=_PRINCIPALS)]
    reached = list({chunk for row in near if row[0] in set(seeds) for chunk in row[2]})
    further = tx.run(_NAMES_OF_CHUNKS, chunks=reached).single(strict=True)["names"]
    missing = [name for name in further if name not in names]
    far = [tuple(row) for row in tx.run(_CHUNKS_OF_NAMES, names=missing, principals=_PRINCIPALS)]
    return near + far


def _steps(
    rows: Sequence[tuple[Any, ...]], chunks: Mapping[int, float], names: Mapping[int, float], options: AskOptions
) -> dict[int, float]:
    name_places: dict[int, int] = {}
    chunk_places: dict[int, int] = {}
    of_names: dict[int, float] = {}
    of_chunks: dict[int, float] = {}
    at_chunks: list[int] = []
    at_names: list[int] = []
    values: list[float] = []
    for name, degree, found, weights, degrees in rows:
        column = name_places.setdefault(name, len(name_places))
        of_names[column] = degree
        for chunk, weight, total in zip(found, weights, degrees, strict=True):
            place = chunk_places.setdefault(chunk, len(chunk_places))
            of_chunks[place] = total
            at_chunks.append(place)
            at_names.append(column)
            values.append(weight)
    for chunk in chunks:
        of_chunks.setdefault(chunk_places.setdefault(chunk, len(chunk_places)), 1.0)
    for name in names:
        of_names.setdefault(name_places.setdefault(name, len(name_places)), 1.0)
    matrix = csr_array((values, (at_chunks, at_names)), shape=(len(chunk_places), len(name_places)))
    start, start_names = np.zeros(len(chunk_places)), np.zeros(len(name_places))
    for chunk, weight in chunks.items():
        start[chunk_places[chunk]] = weight
    for name, weight in names.items():
        start_names[name_places[name]] = weight
    mass = start.sum() + start_names.sum()
    start, start_names = start / mass, start_names / mass
    chunk_degrees = np.array([of_chunks[n] or 1.0 for n in range(len(chunk_places))])
    name_degrees = np.array([of_names[n] or 1.0 for n in range(len(name_places))])
    x, y, d = start, start_names, options.damping
    for _ in range(options.walk_steps):
        x, y = (
            (1 - d) * start + d * (matrix @ (y / name_degrees)),
            (1 - d) * start_names + d * (matrix.T @ (x / chunk_degrees)),
        )
    return dict(zip(chunk_places, x.tolist(), strict=True))
