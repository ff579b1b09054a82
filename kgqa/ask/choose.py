"""The sentences to cite: of every chunk that is likely evidence the one that says most of the question, then others."""

from __future__ import annotations

from collections.abc import Mapping

from kgqa.ask.asks import asks
from kgqa.ask.compose import is_heading
from kgqa.ask.passages import Passage
from kgqa.ask.support import Sight
from kgqa.ask.values import values

#: least probability of a chunk that is cited; the likeliest always is
LEAST_SUPPORT = 0.5
MOST_SENTENCES = 3
#: what a fitting value, closeness to the question, and the draft's choice are worth against words of the question
FIT_WORTH, CLOSENESS_WORTH, DRAFT_WORTH = 0.3, 10.0, 0.4
#: a further sentence of a cited chunk is worth at most so much less than the best one
LEAST_FURTHER = 1.0


def choose(sight: Sight, support: Mapping[int, float]) -> tuple[Passage, ...]:
    """Sentences of the likely chunks, in the order of the ranking and then of reading; none where nothing was read."""
    likely = sorted(support, key=lambda chunk: (-support[chunk], sight.chunk_ids.index(chunk)))[:MOST_SENTENCES]
    cited = [chunk for n, chunk in enumerate(likely) if n == 0 or support[chunk] >= LEAST_SUPPORT]
    ordered = {chunk: _by_worth(sight, chunk) for chunk in cited}
    chosen = [passages[0][1] for passages in ordered.values()]
    further = [
        (worth - passages[0][0], passage)
        for passages in ordered.values()
        for worth, passage in passages[1:]
        if worth >= passages[0][0] - LEAST_FURTHER
    ]
    further.sort(key=lambda item: -item[0])
    chosen += [passage for _, passage in further[: MOST_SENTENCES - len(chosen)]]
    place = {chunk: n for n, chunk in enumerate(sight.chunk_ids)}
    return tuple(sorted(chosen, key=lambda passage: (place[passage.chunk.chunk_id], passage.start)))


def _by_worth(sight: Sight, chunk: int) -> list[tuple[float, Passage]]:
    """The sentences of a chunk, best first."""
    drafted = {(p.chunk.chunk_id, p.start) for p in sight.draft.passages}
    question = sight.ranking.question
    wanted = asks(question.text, question.language)
    words = frozenset(sight.weights)
    found: list[tuple[float, Passage]] = []
    passages = sight.by_chunk[chunk]
    for passage in [passage for passage in passages if not is_heading(passage)] or passages:
        fits = [best[0].fit for ask in wanted if (best := values(ask, passage, words, question.language))]
        worth = sight.said(passage.terms) + CLOSENESS_WORTH * passage.cosine + FIT_WORTH * max(fits, default=0.0)
        found.append((worth + DRAFT_WORTH * ((chunk, passage.start) in drafted), passage))
    return sorted(found, key=lambda item: (-item[0], item[1].start))
