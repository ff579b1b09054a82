"""Reading on: from the names in the best sentences to the chunks that say more about them, hop by hop.

The walk orders chunks by how near they are to the question. The last hop of a chain ("the bin of the part behind the
error") shares only its last name with the chain, so it is looked up by that name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.ask.compose import leads
from kgqa.ask.links import OPENING
from kgqa.ask.passages import Passage, passages
from kgqa.ask.understand import CODE
from kgqa.model.answer import AskOptions, EvidenceChunk, Question, View
from kgqa.ports import GraphStore, MentionRow, SearchIndex
from kgqa.text.names import normalise

#: rounds of looking further; with the first sentences this gives chains of four
ROUNDS = 3
#: chunks read before the first round, and at most in each round
FIRST_CHUNKS = 24
ROUND_CHUNKS = 32
#: chains whose names are followed in a round
FOLLOWED_CHAINS = 12
#: a name behind so many others is worth half as much
HALF_WORTH = 12
#: how much more the next chunks of the order are worth than chunks that are not in it
ORDER_WORTH = 2.0
#: a name mentioned by more chunks than this says little about where to go
COMMON_NAME = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads chunks as passages, under one view, for one question."""

    question: Question
    vector: npt.NDArray[np.float32]
    view: View
    index: SearchIndex

    def read(self, chunk_ids: Sequence[int]) -> tuple[Passage, ...]:
        """The sentences of these chunks. Four reads at most."""
        if not chunk_ids:
            return ()
        chunks = self.index.evidence(self.view, chunk_ids)
        visible = [chunk.chunk_id for chunk in chunks]
        scores = self.index.sentence_scores(self.view, visible, self.vector)
        mentions = [*self.index.mentions(self.view, visible), *self._codes_in_titles(chunks)]
        return passages(chunks, scores, mentions, self.question.language)

    def _codes_in_titles(self, chunks: Sequence[EvidenceChunk]) -> list[MentionRow]:
        """Known codes in titles: "Change order CO-2090: new diaphragm" is a name as a whole, and so is its code."""
        codes = {(c.chunk_id, normalise(match[0])) for c in chunks for match in CODE.finditer(c.title)}
        if not codes:
            return []
        known = {hit.norm: hit.name_id for hit in self.index.names(self.view, sorted({norm for _, norm in codes}))}
        return [
            MentionRow(chunk_id=chunk, start=0, end=0, name_id=known[norm], norm=norm, is_title=True, type="CODE")
            for chunk, norm in sorted(codes)
            if norm in known
        ]


def follow(order: Sequence[int], reader: Reader, graph: GraphStore, options: AskOptions) -> tuple[Passage, ...]:
    """Sentences of the best chunks, then of chunks that the names in the best sentences lead to."""
    found = list(reader.read(order[:FIRST_CHUNKS]))
    read = {passage.chunk.chunk_id for passage in found}
    followed = set(reader.question.name_ids)
    new = found
    for _ in range(ROUNDS if options.mode == "graph" else 0):
        # A document that opens with a followed name is about it: its other chunks stand under the same title.
        titles = sorted({n for p in new if p.opens(OPENING) and not p.is_record for n in p.title_names})
        ahead = [*leads(reader.question, found, FOLLOWED_CHAINS), *titles]
        names = [name for name in dict.fromkeys(ahead) if name not in followed]
        followed |= set(names)
        further = _chunks_of(names, read, order, reader.view, graph)
        if not further:
            break
        new = list(reader.read(further))
        found += new
        read |= set(further)
    return tuple(found)


def _chunks_of(names: Sequence[int], read: set[int], order: Sequence[int], view: View, graph: GraphStore) -> list[int]:
    """Chunks not read yet that mention the names: with early, rare and several names, high in the order, first."""
    if not names:
        return []
    subgraph = graph.expand(view, chunk_ids=[], name_ids=sorted(names), hub_chunks=COMMON_NAME)
    wanted = set(names)
    pairs = [(int(c), int(n)) for c, n in zip(subgraph.chunk_ids, subgraph.name_ids, strict=True) if int(n) in wanted]
    df = Counter(name for _, name in pairs)
    worth: dict[int, float] = defaultdict(float)
    share = {name: 1.0 / (1.0 + place / HALF_WORTH) for place, name in enumerate(names)}
    for chunk, name in pairs:
        if chunk not in read:
            worth[chunk] += share[name] / df[name] ** 0.5
    for place, chunk in enumerate(order):
        if chunk in worth:
            worth[chunk] *= 1.0 + ORDER_WORTH / (1.0 + place / FIRST_CHUNKS)
    return sorted(worth, key=lambda chunk: (-worth[chunk], chunk))[:ROUND_CHUNKS]
