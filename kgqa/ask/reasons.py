"""Why each citation is there: the lists that found its chunk, the names that lead to it, what verifying it said.

Everything is of the caller's view: places in lists of visible chunks, and paths over visible names and chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgqa.ask.paths import paths_from_question
from kgqa.ask.rank import Ranking
from kgqa.ask.statements import Statement
from kgqa.ask.verify import copied
from kgqa.model.answer import CitationReason, EvidenceChunk, EvidencePath, ListPlace
from kgqa.ports import MentionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """What is known about the evidence before anything is cited."""

    #: by chunk, its place in each list that found it
    places: Mapping[int, tuple[ListPlace, ...]]
    ranks: Mapping[int, int]
    paths: Mapping[int, EvidencePath]

    @classmethod
    def of(cls, ranking: Ranking, chunks: Sequence[EvidenceChunk], mentions: Sequence[MentionRow]) -> Reasons:
        """Reasons for citing any of these chunks."""
        return cls(
            places=_places(ranking),
            ranks={chunk.chunk_id: chunk.rank for chunk in chunks},
            paths=paths_from_question(ranking.question, chunks, mentions),
        )

    def why(self, chunk: int, statement: Statement) -> CitationReason:
        """Why this statement quotes this chunk."""
        path = self.paths.get(chunk)
        return CitationReason(
            rank=self.ranks.get(chunk, 0),
            lists=self.places.get(chunk, ()),
            path=path.label if path else "",
            verified="copied" if copied(statement) else "supported",
        )


def _places(ranking: Ranking) -> dict[int, tuple[ListPlace, ...]]:
    lists = {
        "keyword": {c.chunk_id: c.keyword for c in ranking.base if c.keyword > 0},
        "vector": {c.chunk_id: max(c.vector, c.sentence) for c in ranking.base},
        "graph": ranking.walked,
    }
    found: dict[int, list[ListPlace]] = {}
    for name, scores in lists.items():
        for place, chunk in enumerate(sorted(scores, key=lambda chunk: (-scores[chunk], chunk)), start=1):
            found.setdefault(chunk, []).append(ListPlace(name=name, place=place))
    return {chunk: tuple(places) for chunk, places in found.items()}
