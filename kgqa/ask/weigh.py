"""Weighing the evidence: which chunks carry the answer, and how likely the whole answers the question.

Two learned judges give probabilities (`kgqa.ask.support` makes what they see). Without them the draft stays as it
was composed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kgqa.ask.asks import asks
from kgqa.ask.choose import LEAST_SUPPORT, choose
from kgqa.ask.compose import Draft
from kgqa.ask.passages import Passage
from kgqa.ask.rank import Ranking
from kgqa.ask.retrieve import same_language
from kgqa.ask.support import Sight, answerable_row, support_matrix
from kgqa.ask.values import short_answer
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.ports import Ranker

#: in a collection of fewer chunks the lists hold nearly all of them, and standing out says too little
LEAST_CHUNKS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Models that give probabilities."""

    #: of a chunk: that it carries a part of the answer
    support: Ranker
    #: of a question: that its evidence answers it
    answerable: Ranker


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A draft with the sentences that the judges let stand."""

    draft: Draft
    #: that the evidence answers the question; None without judges
    confidence: float | None


def weigh(ranking: Ranking, read: Sequence[Passage], draft: Draft, judges: Judges | None, *, chunks: int) -> Weighed:
    """The draft over the likely chunks. Steps that all stand on likely chunks, and comparisons, are kept.

    The judges learned from questions in the language of the texts, over collections of a thousand chunks and more:
    elsewhere the draft stays as it is. `chunks`: how many the caller sees.
    """
    sight = Sight.of(ranking, read, draft)
    foreign = not same_language(ranking.question.language, sight.language)
    if judges is None or foreign or not sight.chunk_ids or chunks < LEAST_CHUNKS:
        return Weighed(draft=draft, confidence=None)
    scores = judges.support.score(support_matrix(sight)).tolist()
    support = dict(zip(sight.chunk_ids, scores, strict=True))
    chosen = choose(sight, support)
    cited = list(dict.fromkeys(passage.chunk.chunk_id for passage in chosen))
    confidence = float(judges.answerable.score(answerable_row(sight, support, cited))[0])
    firm = all(support.get(passage.chunk.chunk_id, 0.0) >= LEAST_SUPPORT for passage in draft.passages)
    if draft.derived or (draft.stepwise and firm):
        return Weighed(draft=draft, confidence=confidence)
    short = _short(ranking.question, draft.short, chosen)
    return Weighed(draft=replace(draft, passages=chosen, short=short, stepwise=False), confidence=confidence)


def _short(question: Question, drafted: str, chosen: Sequence[Passage]) -> str:
    """The drafted short answer if the chosen sentences say it, else their own."""
    if drafted and all(any(part in passage.text for passage in chosen) for part in drafted.split("; ")):
        return drafted
    wanted = asks(question.text, question.language)
    if all(ask.type == "YESNO" for ask in wanted):
        return ""
    asked = terms(question.text, question.language)
    return short_answer(wanted, chosen, [1.0] * len(chosen), asked, question.language)
