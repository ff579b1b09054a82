"""The graph as the ask path reads it and the projector keeps it: `ports.GraphStore` on Neo4j."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from neo4j import Driver, ManagedTransaction

from kgqa.adapters.neo4j.admin import wipe
from kgqa.adapters.neo4j.content import KINDS, Content, Difference, Kind, canonical, difference
from kgqa.adapters.neo4j.driver import neo4j_errors, run
from kgqa.adapters.neo4j.projector import Projector
from kgqa.adapters.neo4j.record import Pool, snapshot
from kgqa.model.answer import View
from kgqa.model.graph import GraphCounts, Subgraph


class Neo4jGraphStore:
    """Reads and rebuilds the projection. `record_pool` is of role kgqa_pipeline, in autocommit."""

    def __init__(self, driver: Driver, record_pool: Pool) -> None:
        self._driver = driver
        self._pool = record_pool
        self._projector = Projector(driver, record_pool)

    def expand(self, view: View, *, chunk_ids: Sequence[int], name_ids: Sequence[int], hub_chunks: int) -> Subgraph:
        """Two steps in one read transaction: see `ports.GraphStore.expand`.

        First the names of the seed chunks and the seed names, each with all its visible chunks; then the same for the
        further names of the chunks that the seed names reach. So every name in the result comes with all its visible
        chunks, and every seed chunk and chunk of a seed name with all its names that are no hubs.
        """
        with neo4j_errors(), self._driver.session(default_access_mode="READ") as session:
            steps = session.execute_read(_walk, view, list(chunk_ids), list(name_ids), hub_chunks)
        return _subgraph(steps)

    def project(self, limit: int = 5_000) -> int:
        """Settle up to `limit` dirty keys; number of keys done. Call until 0."""
        return self._projector.project(limit)

    def rebuild(self, generation: int) -> None:
        """Drop the generation and project everything again."""
        self._projector.rebuild(generation)

    def drop(self, generation: int) -> int:
        """Remove a generation; how many nodes it had."""
        return wipe(self._driver, generation)

    def counts(self, generation: int) -> GraphCounts:
        """Nodes by label and relationships by type, for operators."""
        with neo4j_errors(), self._driver.session(default_access_mode="READ") as session:
            nodes, relationships = (
                session.execute_read(lambda tx, name=name: run(tx, name, generation=generation).values())
                for name in ("inspect/count_nodes", "inspect/count_relationships")
            )
        return GraphCounts(nodes=dict(map(tuple, nodes)), relationships=dict(map(tuple, relationships)))

    def content(self, generation: int) -> Content:
        """Everything in a generation of the graph, as the projector writes it. Sized like the collection."""
        with neo4j_errors(), self._driver.session(default_access_mode="READ") as session:
            return canonical({kind: session.execute_read(_read, generation, kind) for kind in KINDS})

    def compare(self, generation: int) -> Difference:
        """How the graph differs from the record. False where it does not; dirty keys that wait show up here."""
        with snapshot(self._pool) as record:
            expected = record.content(generation)
        return difference(expected, self.content(generation))


def _read(tx: ManagedTransaction, generation: int, kind: Kind) -> list[list[Any]]:
    return run(tx, f"inspect/read_{kind}", generation=generation).values()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """Names that one step read, with their visible chunks: parallel lists. A hub has no chunks."""

    ids: list[int]
    norms: list[str]
    chunks: list[list[int]]
    #: 2 * count, plus 1 where the name is a title
    weights: list[list[int]]


def _walk(tx: ManagedTransaction, view: View, chunks: list[int], names: list[int], hub_chunks: int) -> list[_Step]:
    near = _step(tx, view, chunks=chunks, names=names, known=[], hub_chunks=hub_chunks)
    seeds = set(names)
    reached = {chunk for id_, chunks_ in zip(near.ids, near.chunks, strict=True) if id_ in seeds for chunk in chunks_}
    reached.difference_update(chunks)
    far = _step(tx, view, chunks=reached, names=(), known=near.ids, hub_chunks=hub_chunks)
    return [near, far]


def _step(
    tx: ManagedTransaction,
    view: View,
    *,
    chunks: Collection[int],
    names: Collection[int],
    known: Collection[int],
    hub_chunks: int,
) -> _Step:
    if not chunks and not names:
        return _Step(ids=[], norms=[], chunks=[], weights=[])
    row = run(
        tx,
        "ask/expand",
        generation=view.generation,
        collection=view.collection,
        classes=list(view.classes),
        chunks=list(chunks),
        names=list(names),
        known=list(known),
        hub_chunks=hub_chunks,
    ).single(strict=True)
    return _Step(ids=row["ids"], norms=row["norms"], chunks=row["chunks"], weights=row["weights"])


def _subgraph(steps: Sequence[_Step]) -> Subgraph:
    lengths = [len(chunks) for step in steps for chunks in step.chunks]
    weights = np.array([weight for step in steps for weights in step.weights for weight in weights], np.int32)
    return Subgraph(
        chunk_ids=np.array([chunk for step in steps for chunks in step.chunks for chunk in chunks], np.int64),
        name_ids=np.repeat(np.array([id_ for step in steps for id_ in step.ids], np.int64), lengths),
        counts=weights >> 1,
        is_title=(weights & 1).astype(np.bool_),
        norms={
            id_: norm
            for step in steps
            for id_, norm, chunks in zip(step.ids, step.norms, step.chunks, strict=True)
            if chunks
        },
    )
