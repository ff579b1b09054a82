"""An answer without a language model: the few sentences of the evidence that together cover the question.

Greedy choice by marginal gain (words of the question that are not covered yet, closeness to the question, names
that connect to what was chosen before, asks that are still open), so that each hop of a question finds its sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgqa.ask.asks import Ask, asks
from kgqa.ask.passages import Passage
from kgqa.ask.values import short_answer, values
from kgqa.ask.words import terms
from kgqa.model.answer import Question

#: a word of the question found only in the title or headings above a sentence counts this much
CONTEXT_SHARE = 0.6
#: e5 cosines lie close together; this is the fall-off of closeness below the best sentence
COSINE_SCALE = 0.03
RELEVANCE_WEIGHT, ASK_WEIGHT, BRIDGE_WEIGHT = 0.6, 0.5, 0.25
#: a further sentence must add at least this
SMALLEST_GAIN = 0.30
#: two sentences that share more of their words than this say the same
SAME_WORDS = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The chosen sentences in reading order, and what they come to."""

    passages: tuple[Passage, ...]
    short: str
    #: share of the question's words, by rarity, that the sentences and their headings cover: 0 to 1
    coverage: float


@dataclass(slots=True, kw_only=True)
class _Choice:
    """What has been chosen so far."""

    passages: list[Passage]
    covered: dict[int, float]
    names: set[int]
    #: best fit of a value by ask
    answered: list[float]


def compose(question: Question, pool: Sequence[Passage]) -> Draft:
    """Choose at most three sentences, one more for each further ask."""
    wanted = asks(question.text, question.language)
    weights = term_weights(question, pool)
    choice = _Choice(passages=[], covered={}, names=set(), answered=[0.0] * len(wanted))
    fits = {id(p): _fits(wanted, p, weights, question.language) for p in pool}
    while len(choice.passages) < min(2 + len(wanted), 5):
        left = [p for p in pool if not _repeats(p, choice.passages)]
        gains = [(_gain(p, choice, question, weights, fits[id(p)], pool), p) for p in left]
        gain, passage = max(gains, key=lambda pair: pair[0], default=(0.0, None))
        if passage is None or (choice.passages and gain < SMALLEST_GAIN):
            break
        _take(choice, passage, weights, fits[id(passage)])
    chosen = sorted(choice.passages, key=lambda p: (p.chunk.rank, p.start))
    total = sum(weights.values())
    covered = sum(weights[t] * share for t, share in choice.covered.items())
    return Draft(
        passages=tuple(chosen),
        short=_short(question, wanted, chosen, choice, weights),
        coverage=covered / total if total else 1.0,
    )


def term_weights(question: Question, pool: Sequence[Passage]) -> dict[int, float]:
    """Rarity of the question's words among the passages."""
    n = len(pool)
    words = terms(question.text, question.language)
    return {t: math.log(1 + n / (1 + sum(t in p.terms for p in pool))) for t in sorted(words)}


def _fits(wanted: Sequence[Ask], passage: Passage, weights: Mapping[int, float], language: str) -> list[float]:
    asked = frozenset(weights)
    best = [values(ask, passage, asked, language) for ask in wanted]
    return [found[0].fit if found else 0.0 for found in best]


def _gain(
    passage: Passage,
    choice: _Choice,
    question: Question,
    weights: Mapping[int, float],
    fits: Sequence[float],
    pool: Sequence[Passage],
) -> float:
    total = sum(weights.values()) or 1.0
    cover = sum(w * max(0.0, _covers(passage, t) - choice.covered.get(t, 0.0)) for t, w in weights.items()) / total
    best = max(p.cosine for p in pool)
    relevance = math.exp((passage.cosine - best) / COSINE_SCALE) / (1 + 0.1 * max(0, passage.chunk.rank - 1))
    answers = sum(max(0.0, min(fit, 1.0) - done) for fit, done in zip(fits, choice.answered, strict=True)) / len(fits)
    bridges = (passage.names | passage.title_names) & (choice.names - set(question.name_ids))
    return cover + RELEVANCE_WEIGHT * relevance + ASK_WEIGHT * answers + BRIDGE_WEIGHT * bool(bridges)


def _covers(passage: Passage, term: int) -> float:
    return 1.0 if term in passage.terms else CONTEXT_SHARE if term in passage.context else 0.0


def _take(choice: _Choice, passage: Passage, weights: Mapping[int, float], fits: Sequence[float]) -> None:
    choice.passages.append(passage)
    choice.names |= passage.names | passage.title_names
    for term in weights:
        choice.covered[term] = max(choice.covered.get(term, 0.0), _covers(passage, term))
    choice.answered = [max(done, min(fit, 1.0)) for done, fit in zip(choice.answered, fits, strict=True)]


def _repeats(passage: Passage, chosen: Sequence[Passage]) -> bool:
    for other in chosen:
        shared, either = len(passage.terms & other.terms), len(passage.terms | other.terms)
        if passage is other or (either and shared / either > SAME_WORDS and passage.names <= other.names):
            return True
    return False


def _short(
    question: Question,
    wanted: Sequence[Ask],
    chosen: Sequence[Passage],
    choice: _Choice,
    weights: Mapping[int, float],
) -> str:
    if all(ask.type == "YESNO" for ask in wanted):
        return ""
    order = {id(p): n for n, p in enumerate(choice.passages)}
    trust = [1.0 / (1 + 0.1 * order[id(p)]) for p in chosen]
    return short_answer(wanted, chosen, trust, frozenset(weights), question.language)
