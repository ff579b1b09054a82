"""Candidates and their base score: a min-max mix of BM25, chunk vector and best sentence vector.

Weights and the reason for min-max instead of reciprocal ranks: docs/decisions/0006-retrieval-recipe.md. BM25
compares words, so it has no say about a chunk in another language than the question's. A weight of 0 switches its
list off: what only that list found is left out, and nobody after this step sees its scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.model.answer import AskOptions, Question, ScoredChunk, View
from kgqa.ports import SearchIndex

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chunk with its base score in [0, 1]."""

    chunk_id: int
    score: float
    language: str
    #: raw scores that the mix was made of
    keyword: float
    vector: float
    sentence: float
    #: of its translation; empty: there is none
    translation_language: str = ""


def retrieve(
    question: Question, vector: npt.NDArray[np.float32], view: View, index: SearchIndex, options: AskOptions
) -> tuple[Candidate, ...]:
    """The union of the three lists, best base score first, ties by id."""
    found = index.candidates(view, vector=vector, text=question.text, depth=options.list_depth)
    return base_order(_listed(found, options), question.language, options)


def base_order(found: Sequence[ScoredChunk], language: str, options: AskOptions) -> tuple[Candidate, ...]:
    """Mix the scores of the candidates; best first, ties by id."""
    if not found:
        return ()
    keyword = _min_max([c.keyword for c in found])
    vector = _min_max([c.vector for c in found])
    sentence = _min_max([c.sentence for c in found])
    meaning = options.vector_weight * vector + options.sentence_weight * sentence
    foreign = np.array([not compares_words(language, c) for c in found])
    share = options.vector_weight + options.sentence_weight
    total = options.keyword_weight + share
    scores = np.where(foreign, meaning / (share or 1.0), (options.keyword_weight * keyword + meaning) / (total or 1.0))
    candidates = (
        Candidate(
            chunk_id=c.chunk_id,
            score=float(score),
            language=c.language,
            translation_language=c.translation_language,
            keyword=c.keyword if options.keyword_weight else 0.0,
            vector=c.vector if options.vector_weight else 0.0,
            sentence=c.sentence if options.sentence_weight else 0.0,
        )
        for c, score in zip(found, scores, strict=True)
    )
    return tuple(sorted(candidates, key=lambda c: (-c.score, c.chunk_id)))


def same_language(left: str, right: str) -> bool:
    """Whether two language codes may mean one language; `und` may be any."""
    return left == right or "und" in (left, right)


def compares_words(language: str, chunk: ScoredChunk | Candidate) -> bool:
    """Whether BM25 has a say about a chunk: the question is in its language, or in that of its translation."""
    return same_language(language, chunk.language) or chunk.translation_language == language


def _listed(found: Sequence[ScoredChunk], options: AskOptions) -> Sequence[ScoredChunk]:
    """Those that a list in use found: the scores are exact, so the heads of the lists can be told from them."""
    lists = (
        (options.keyword_weight, {c.chunk_id: c.keyword for c in found if c.keyword > 0}),
        (options.vector_weight, {c.chunk_id: c.vector for c in found}),
        (options.sentence_weight, {c.chunk_id: c.sentence for c in found}),
    )
    if all(weight for weight, _ in lists):
        return found
    kept: set[int] = set()
    for weight, scores in lists:
        if weight:
            kept.update(sorted(scores, key=lambda chunk: (-scores[chunk], chunk))[: options.list_depth])
    return [c for c in found if c.chunk_id in kept]


def _min_max(values: Sequence[float]) -> Floats:
    scores = np.asarray(values, dtype=np.float64)
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
