"""The passages of one question as arrays: what each says of the question, what it answers, how they hang together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kgqa.ask.asks import Ask
from kgqa.ask.links import Floats, frequencies, links, tie
from kgqa.ask.passages import Passage
from kgqa.ask.values import values
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.text.names import tokens

#: where a description of something else begins, in English and Spanish
_RELATIVE = re.compile(r"\b(?:that|which|who|whom|whose|behind|que|quien)\b", re.IGNORECASE)
#: the question word itself stands before this place
_AFTER_QUESTION_WORD = 8

#: a word of the question found only in the title or headings above a sentence counts this much
CONTEXT_SHARE = 0.6
#: a name of the question counts as much as this many words of its rarity
NAME_SHARE = 1.5
#: rare words count more than proportionally
RARITY_POWER = 2.0
#: e5 cosines lie close together; this is the fall-off of closeness below the best sentence
COSINE_SCALE = 0.03
#: "the flow of the pump that replaced X": a sentence about X says this much of what stands before "that",
#: and its values fit this much
EMBEDDED_SHARE, EMBEDDED_FIT = 0.4, 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One row per passage."""

    #: passages x words and names of the question: 1, CONTEXT_SHARE or 0
    covers: Floats
    #: their weights, summing to 1, over what some passage says; and over everything
    weights: Floats
    said: Floats
    #: passages x asks: how well the best value of the passage fits
    fits: Floats
    #: closeness to the question, 1 for the closest
    relevance: Floats
    #: passages x passages: how firmly they hang together
    links: Floats
    #: how firmly each passage hangs on the names of the question
    anchors: Floats
    #: passages x names of the question: 1 where the sentence holds the name, but for those in a relative clause
    named: Floats


def tabulate(question: Question, wanted: Sequence[Ask], pool: Sequence[Passage]) -> Table:
    """The arrays of these passages."""
    head, embedded = _embedded(question)
    words = _term_weights(question, pool)
    df = frequencies(pool)
    names = {n: NAME_SHARE * math.log(1 + len(pool) / (1 + df[n])) ** RARITY_POWER for n in question.name_ids}
    weights = np.array([*words.values(), *names.values()])
    covers = np.array([[*(_covers(p, t, head, embedded) for t in words), *(_names(p, n) for n in names)] for p in pool])
    covers = covers.reshape(len(pool), len(weights))
    # What no sentence says cannot tell them apart; it counts when the answer is judged.
    sayable = weights * (covers > 0).any(axis=0) if len(pool) else weights
    best = max((p.cosine for p in pool), default=0.0)
    return Table(
        covers=covers,
        weights=sayable / (sayable.sum() or 1.0),
        said=weights / (weights.sum() or 1.0),
        fits=np.array([_fits(wanted, p, words, question.language, embedded) for p in pool]),
        relevance=np.exp((np.array([p.cosine for p in pool]) - best) / COSINE_SCALE),
        links=links(pool, df, frozenset(question.name_ids)),
        anchors=_anchors(pool, df, question),
        named=np.array([[float(n in p.names and n not in embedded) for n in names] for p in pool]).reshape(
            len(pool), len(names)
        ),
    )


def _term_weights(question: Question, pool: Sequence[Passage]) -> dict[int, float]:
    """Rarity of the question's words among the passages."""
    n = len(pool)
    words = terms(question.text, question.language)
    return {t: math.log(1 + n / (1 + sum(t in p.terms for p in pool))) ** RARITY_POWER for t in sorted(words)}


def _anchors(pool: Sequence[Passage], df: Mapping[int, int], question: Question) -> Floats:
    """How well each passage is tied to the question: by its rarest name, or, where it names nothing, by closeness."""
    ties = {name: tie(df[name]) for name in question.name_ids if df[name]}
    if not ties:
        return np.ones(len(pool))
    best = max(ties.values())
    return np.array([max((_names(p, n) * firm / best for n, firm in ties.items()), default=0.0) for p in pool])


def _embedded(question: Question) -> tuple[frozenset[int], frozenset[int]]:
    """Words before the first relative clause, and names inside it; empty where there is none."""
    found = _RELATIVE.search(question.text, _AFTER_QUESTION_WORD)
    if not found:
        return frozenset(), frozenset()
    tail = f" {' '.join(token.norm for token in tokens(question.text[found.end() :]))} "
    inside = (n for n, norm in zip(question.name_ids, question.names, strict=True) if f" {norm} " in tail)
    return terms(question.text[: found.start()], question.language), frozenset(inside)


def _names(passage: Passage, name: int) -> float:
    return 1.0 if name in passage.names else CONTEXT_SHARE if name in passage.title_names else 0.0


def _covers(passage: Passage, term: int, head: frozenset[int], embedded: frozenset[int]) -> float:
    share = EMBEDDED_SHARE if term in head and passage.names & embedded else 1.0
    return share * (1.0 if term in passage.terms else CONTEXT_SHARE if term in passage.context else 0.0)


def _fits(
    wanted: Sequence[Ask], passage: Passage, weights: Mapping[int, float], language: str, embedded: frozenset[int]
) -> list[float]:
    found = [values(ask, passage, frozenset(weights), language) for ask in wanted]
    share = EMBEDDED_FIT if passage.names & embedded else 1.0
    return [share * min(best[0].fit, 1.0) if best else 0.0 for best in found]
