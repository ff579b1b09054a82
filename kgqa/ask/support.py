"""What tells evidence from what merely came up: features of chunks, and of the question as a whole.

A ranker says which chunk is better; this says whether a chunk is good enough to be cited, and whether the whole is
enough to answer. Names of the features are explained in docs/decisions/0011-judges-of-evidence.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.ask.asks import Ask, asks
from kgqa.ask.compose import Draft
from kgqa.ask.passages import Passage
from kgqa.ask.rank import Ranking
from kgqa.ask.sufficiency import missing_names
from kgqa.ask.values import values
from kgqa.ask.words import terms

Floats = npt.NDArray[np.float32]

#: chunks that are looked at, beside those of the draft
DEPTH = 10
_COMPARES = re.compile(
    r"\b(?:both|or|same|older|younger|first|earlier|later|more|ambos|ambas|mismo|misma)\b", re.IGNORECASE
)

#: of a chunk
SUPPORT_FEATURES = (
    "place", "gap", "lead", "base_gap", "vector", "vector_gap", "sentence", "sentence_gap", "keyword", "keyword_gap",
    "walk", "covered", "best_covered", "adds", "left", "asked_title", "asked_names", "linked", "links_back",
    "linked_close", "fit", "drafted", "solved", "names", "terms", "compares", "asks", "best_vector", "best_gap",
)  # fmt: skip
#: of a question
ANSWERABLE_FEATURES = (
    "first", "second", "third", "expected", "best_vector", "best_sentence", "best_keyword", "vector_spread",
    "covered", "covered_by_one", "sentence_covered", "rarest_said", "coverage", "fit", "solved", "missing", "names",
    "names_said", "terms", "asks", "lead", "short", "typed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the features of one question are read from."""

    ranking: Ranking
    #: passages by chunk, and the chunks that are looked at, best first
    by_chunk: Mapping[int, tuple[Passage, ...]]
    chunk_ids: tuple[int, ...]
    draft: Draft
    #: rarity of the question's words among the sentences that were read, summing to 1
    weights: Mapping[int, float]

    @staticmethod
    def of(ranking: Ranking, read: Sequence[Passage], draft: Draft) -> Sight:
        """Of a ranking, the sentences that were read after it, and what they were found to say."""
        by_chunk: dict[int, list[Passage]] = {}
        for passage in read:
            by_chunk.setdefault(passage.chunk.chunk_id, []).append(passage)
        near = [chunk for chunk in ranking.order[:DEPTH] if chunk in by_chunk]
        drafted = [passage.chunk.chunk_id for passage in draft.passages]
        return Sight(
            ranking=ranking,
            by_chunk={chunk: tuple(passages) for chunk, passages in by_chunk.items()},
            chunk_ids=tuple(dict.fromkeys([*near, *drafted])),
            draft=draft,
            weights=_rarity(ranking, read),
        )

    @property
    def language(self) -> str:
        """Of the best chunk; `und` where nothing was read."""
        return self.by_chunk[self.chunk_ids[0]][0].chunk.language if self.chunk_ids else "und"

    def said(self, term_ids: frozenset[int]) -> float:
        """Share of the question's words, by rarity."""
        return sum(weight for term, weight in self.weights.items() if term in term_ids)

    def terms(self, chunk: int) -> frozenset[int]:
        """Words of a chunk, its title and headings."""
        return frozenset().union(*(passage.terms | passage.context for passage in self.by_chunk[chunk]))


def _rarity(ranking: Ranking, read: Sequence[Passage]) -> dict[int, float]:
    words = terms(ranking.question.text, ranking.question.language)
    df = Counter(term for passage in read for term in (passage.terms | passage.context) & words)
    weights = {term: math.log(1 + len(read) / (1 + df[term])) for term in sorted(words)}
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def support_matrix(sight: Sight) -> Floats:
    """(len(sight.chunk_ids), len(SUPPORT_FEATURES))."""
    ranking, question = sight.ranking, sight.ranking.question
    wanted = asks(question.text, question.language)
    asked = frozenset(question.name_ids)
    words = frozenset(sight.weights)
    place = {chunk: n for n, chunk in enumerate(ranking.order)}
    base = {candidate.chunk_id: candidate for candidate in ranking.base}
    best = _best(ranking)
    scores = [ranking.learned.get(chunk, 0.0) for chunk in sight.chunk_ids]
    drafted = {passage.chunk.chunk_id for passage in sight.draft.passages}
    names = {chunk: _names(sight.by_chunk[chunk]) for chunk in sight.chunk_ids}
    closeness = {chunk: max(p.cosine for p in sight.by_chunk[chunk]) for chunk in sight.chunk_ids}
    closest = max(closeness.values(), default=0.0)
    walked = max(ranking.walked.values(), default=0.0) or 1.0
    rows: list[list[float]] = []
    before: frozenset[int] = frozenset()
    for n, chunk in enumerate(sight.chunk_ids):
        candidate, own = base.get(chunk), sight.terms(chunk)
        titles, mentioned = names[chunk]
        above = sight.chunk_ids[:n]
        linking = [other for other in above if (titles - names[other][0]) & names[other][1]]
        back = [other for other in above if (names[other][0] - titles) & mentioned]
        row = {
            "place": math.log1p(place.get(chunk, 100)),
            "gap": scores[n] - max(scores),
            "lead": scores[n] - (scores[n + 1] if n + 1 < len(scores) else scores[n]),
            "base_gap": (candidate.score if candidate else 0.0) - best["score"],
            "vector": candidate.vector if candidate else 0.0,
            "vector_gap": (candidate.vector if candidate else 0.0) - best["vector"],
            "sentence": closeness[chunk],
            "sentence_gap": closeness[chunk] - closest,
            "keyword": candidate.keyword if candidate else 0.0,
            "keyword_gap": (candidate.keyword if candidate else 0.0) / (best["keyword"] or 1.0),
            "walk": ranking.walked.get(chunk, 0.0) / walked,
            "covered": sight.said(own),
            "best_covered": max(sight.said(p.terms | p.context) for p in sight.by_chunk[chunk]),
            "adds": sight.said(own - before),
            "left": 1.0 - sight.said(before),
            "asked_title": float(bool(titles & asked)),
            "asked_names": len((titles | mentioned) & asked) / max(1, len(asked)),
            "linked": float(len(linking)),
            "links_back": float(len(back)),
            "linked_close": max((closeness[other] - closest for other in (*linking, *back)), default=-1.0),
            "fit": _fit(wanted, sight.by_chunk[chunk], words, question.language),
            "drafted": float(chunk in drafted),
            "solved": float(sight.draft.stepwise),
            "names": float(len(asked)),
            "terms": float(len(words)),
            "compares": float(_COMPARES.search(question.text) is not None),
            "asks": float(len(wanted)),
            "best_vector": best["vector"],
            "best_gap": best["lead"],
        }
        rows.append([row[name] for name in SUPPORT_FEATURES])
        before |= own
    return np.array(rows, np.float32).reshape(len(rows), len(SUPPORT_FEATURES))


def answerable_row(sight: Sight, support: Mapping[int, float], chosen: Sequence[int]) -> Floats:
    """(1, len(ANSWERABLE_FEATURES)); `support` of each chunk that was looked at, `chosen` those to be cited."""
    ranking, question = sight.ranking, sight.ranking.question
    wanted = asks(question.text, question.language)
    best = _best(ranking)
    ordered = [*sorted(support.values(), reverse=True), 0.0, 0.0, 0.0]
    said = frozenset[int]().union(*(sight.terms(chunk) for chunk in chosen))
    named = frozenset[int]().union(*(_both(sight.by_chunk[chunk]) for chunk in chosen))
    asked = frozenset(question.name_ids)
    rarest = max(sight.weights, key=lambda term: (sight.weights[term], term), default=None)
    vectors = sorted((candidate.vector for candidate in ranking.base), reverse=True)
    chunks = [sight.by_chunk[chunk][0].chunk for chunk in chosen]
    row = {
        "first": ordered[0],
        "second": ordered[1],
        "third": ordered[2],
        "expected": sum(support.values()),
        "best_vector": best["vector"],
        "best_sentence": max((p.cosine for chunk in sight.chunk_ids for p in sight.by_chunk[chunk]), default=0.0),
        "best_keyword": best["keyword"] / max(1, len(sight.weights)),
        "vector_spread": vectors[0] - vectors[min(9, len(vectors) - 1)] if vectors else 0.0,
        "covered": sight.said(said),
        "covered_by_one": max((sight.said(sight.terms(chunk)) for chunk in chosen), default=0.0),
        "sentence_covered": max(
            (sight.said(p.terms | p.context) for chunk in chosen for p in sight.by_chunk[chunk]), default=0.0
        ),
        "rarest_said": float(rarest in said),
        "coverage": sight.draft.coverage,
        "fit": sight.draft.fit,
        "solved": float(sight.draft.stepwise),
        "missing": float(len(missing_names(question, chunks))),
        "names": float(len(asked)),
        "names_said": len(named & asked) / max(1, len(asked)),
        "terms": float(len(sight.weights)),
        "asks": float(len(wanted)),
        "lead": best["lead"],
        "short": float(bool(sight.draft.short)),
        "typed": float(any(ask.type for ask in wanted)),
    }
    return np.array([[row[name] for name in ANSWERABLE_FEATURES]], np.float32)


def _best(ranking: Ranking) -> dict[str, float]:
    base = ranking.base
    return {
        "score": base[0].score if base else 0.0,
        "lead": base[0].score - base[1].score if len(base) > 1 else 1.0,
        "vector": max((candidate.vector for candidate in base), default=0.0),
        "keyword": max((candidate.keyword for candidate in base), default=0.0),
    }


def _names(passages: Sequence[Passage]) -> tuple[frozenset[int], frozenset[int]]:
    """Names that the chunk stands under, and those that it mentions."""
    return (
        frozenset[int]().union(*(passage.title_names for passage in passages)),
        frozenset[int]().union(*(passage.names for passage in passages)),
    )


def _both(passages: Sequence[Passage]) -> frozenset[int]:
    titles, mentioned = _names(passages)
    return titles | mentioned


def _fit(wanted: Sequence[Ask], passages: Sequence[Passage], words: frozenset[int], language: str) -> float:
    """Best fit of a value of the chunk to what is asked for."""
    found = (values(ask, passage, words, language) for ask in wanted for passage in passages)
    return max((each[0].fit for each in found if each), default=0.0)
