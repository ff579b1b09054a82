"""Personalised PageRank over chunks and names, on a subgraph that was fetched for this question.

Edge weight (log2(1 + count) + title) / sqrt(df), columns normalised, a few steps of x <- (1 - d) r + d A x
(Haveliwala 2002; restart weights as in docs/decisions/0006-retrieval-recipe.md). df and degrees come from the
subgraph, so they count visible chunks only. With three steps the result equals the walk over the whole visible
graph, because `GraphStore.expand` returns every edge that three steps can use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from kgqa.model.answer import AskOptions
from kgqa.model.graph import Subgraph

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Where the walk starts, as weights of any scale."""

    chunks: Mapping[int, float]
    names: Mapping[int, float]


def document_frequencies(subgraph: Subgraph) -> dict[int, int]:
    """Number of chunks of each name of the subgraph."""
    names, counts = np.unique(subgraph.name_ids, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def walk(subgraph: Subgraph, restart: Restart, options: AskOptions) -> dict[int, float]:
    """Score of every chunk that the walk reaches, and of every seed chunk."""
    chunk_ids = np.union1d(subgraph.chunk_ids, np.fromiter(restart.chunks, np.int64, len(restart.chunks)))
    name_ids = np.unique(subgraph.name_ids)
    start_chunks = _restart_vector(restart.chunks, chunk_ids)
    start_names = _restart_vector(restart.names, name_ids)
    # Seeds outside the subgraph (hub names) keep their share of the restart and lead nowhere.
    mass = sum(restart.chunks.values()) + sum(restart.names.values())
    if mass <= 0:
        return {}
    start_chunks, start_names = start_chunks / mass, start_names / mass
    weights = _weights(subgraph, chunk_ids, name_ids, options.title_weight)
    to_chunks = weights / _positive(weights.sum(axis=0))[np.newaxis, :]
    to_names = (weights / _positive(weights.sum(axis=1))[:, np.newaxis]).T
    chunks, names = start_chunks, start_names
    for _ in range(options.walk_steps):
        chunks, names = (
            (1 - options.damping) * start_chunks + options.damping * (to_chunks @ names),
            (1 - options.damping) * start_names + options.damping * (to_names @ chunks),
        )
    return {int(c): float(s) for c, s in zip(chunk_ids, chunks, strict=True) if s > 0}


def _restart_vector(weights: Mapping[int, float], ids: npt.NDArray[np.int64]) -> Floats:
    vector = np.zeros(len(ids))
    for key, weight in weights.items():
        place = int(np.searchsorted(ids, key))
        if place < len(ids) and ids[place] == key:
            vector[place] += weight
    return vector


def _weights(
    subgraph: Subgraph, chunk_ids: npt.NDArray[np.int64], name_ids: npt.NDArray[np.int64], title_weight: float
) -> csr_array:
    rows = np.searchsorted(chunk_ids, subgraph.chunk_ids)
    columns = np.searchsorted(name_ids, subgraph.name_ids)
    df = np.bincount(columns, minlength=len(name_ids)).astype(np.float64)
    values = np.log2(1.0 + subgraph.counts) + title_weight * subgraph.is_title
    values = values / np.sqrt(df[columns])
    return csr_array((values, (rows, columns)), shape=(len(chunk_ids), len(name_ids)))


def _positive(sums: Floats) -> Floats:
    return np.where(sums > 0, sums, 1.0)
