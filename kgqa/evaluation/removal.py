"""Asking as if some documents were not there: no read gives their chunks, or names that nothing else supports.

For the questions whose gold documents are removed, where abstaining is right. Only BM25's document counts still know
the removed ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from kgqa.ask.pipeline import AskServices
from kgqa.model.answer import EvidenceChunk, ScoredChunk, View
from kgqa.model.graph import Subgraph
from kgqa.ports import GraphStore, MentionRow, NameHit, SearchIndex

#: a name with more chunks than this is not looked up: something else supports it
_MANY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Which chunks are gone: those of documents with one of the keys, duplicates included."""

    index: SearchIndex
    keys: frozenset[str]
    _known: dict[int, bool] = field(default_factory=dict[int, bool])

    def left(self, view: View, chunk_ids: Sequence[int]) -> set[int]:
        """Those of the chunks that are still there."""
        unknown = sorted({chunk for chunk in chunk_ids if chunk not in self._known})
        if unknown:
            keys = self.index.document_keys(view, unknown)
            self._known.update((chunk, bool(self.keys.intersection(keys.get(chunk, ())))) for chunk in unknown)
        return {chunk for chunk in chunk_ids if not self._known[chunk]}


class GraphWithout:
    """`GraphStore.expand` without the removed chunks."""

    def __init__(self, graph: GraphStore, removed: Removed) -> None:
        self._graph = graph
        self._removed = removed

    def expand(self, view: View, *, chunk_ids: Sequence[int], name_ids: Sequence[int], hub_chunks: int) -> Subgraph:
        """The edges of the chunks that are left."""
        found = self._graph.expand(view, chunk_ids=chunk_ids, name_ids=name_ids, hub_chunks=hub_chunks)
        left = self._removed.left(view, found.chunk_ids.tolist())
        rows = np.array([chunk in left for chunk in found.chunk_ids.tolist()], np.bool_)
        return Subgraph(
            chunk_ids=found.chunk_ids[rows],
            name_ids=found.name_ids[rows],
            counts=found.counts[rows],
            is_title=found.is_title[rows],
            norms=found.norms,
        )


class IndexWithout:
    """`SearchIndex` without the removed chunks."""

    def __init__(self, index: SearchIndex, graph: GraphStore, removed: Removed) -> None:
        self._index = index
        self._graph = graph
        self._removed = removed
        self.view = index.view
        self.longest_name_tokens = index.longest_name_tokens
        self.document_keys = index.document_keys

    def candidates(
        self, view: View, *, vector: npt.NDArray[np.float32], text: str, depth: int
    ) -> Sequence[ScoredChunk]:
        """As the index."""
        found = self._index.candidates(view, vector=vector, text=text, depth=depth)
        left = self._removed.left(view, [chunk.chunk_id for chunk in found])
        return [chunk for chunk in found if chunk.chunk_id in left]

    def scores(
        self, view: View, chunk_ids: Sequence[int], *, vector: npt.NDArray[np.float32], text: str
    ) -> Sequence[ScoredChunk]:
        """As the index."""
        return self._index.scores(view, self._left(view, chunk_ids), vector=vector, text=text)

    def sentence_scores(
        self, view: View, chunk_ids: Sequence[int], vector: npt.NDArray[np.float32]
    ) -> Mapping[int, Sequence[tuple[int, int, float]]]:
        """As the index."""
        return self._index.sentence_scores(view, self._left(view, chunk_ids), vector)

    def names(self, view: View, norms: Sequence[str]) -> Sequence[NameHit]:
        """Names that a chunk which is left supports."""
        hits = self._index.names(view, norms)
        found = self._graph.expand(view, chunk_ids=[], name_ids=[h.name_id for h in hits], hub_chunks=_MANY)
        chunks, names = found.chunk_ids.tolist(), found.name_ids.tolist()
        left = self._removed.left(view, chunks)
        supported = {name for chunk, name in zip(chunks, names, strict=True) if chunk in left}
        return [hit for hit in hits if hit.name_id in supported or hit.name_id not in names]

    def mentions(self, view: View, chunk_ids: Sequence[int]) -> Sequence[MentionRow]:
        """As the index."""
        return self._index.mentions(view, self._left(view, chunk_ids))

    def evidence(self, view: View, chunk_ids: Sequence[int]) -> Sequence[EvidenceChunk]:
        """As the index."""
        return self._index.evidence(view, self._left(view, chunk_ids))

    def _left(self, view: View, chunk_ids: Sequence[int]) -> list[int]:
        left = self._removed.left(view, chunk_ids)
        return [chunk for chunk in chunk_ids if chunk in left]


def without(keys: frozenset[str], services: AskServices) -> AskServices:
    """What asks as if the documents with these keys, and their duplicates, were not there."""
    removed = Removed(index=services.index, keys=keys)
    graph = cast("GraphStore", GraphWithout(services.graph, removed))
    index = cast("SearchIndex", IndexWithout(services.index, services.graph, removed))
    return replace(services, index=index, graph=graph)
