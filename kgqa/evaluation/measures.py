"""Measures of retrieval and answers, each with a bootstrap interval over questions.

Recall, nDCG and reciprocal rank come from `ir_measures`; "all gold in the first k", exact match and token F1
(Rajpurkar et al., SQuAD, 2016) are a line each.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
import numpy as np

RECALL_AT = (1, 2, 5, 8, 10, 20)
ALL_AT = (5, 8, 10)
_RESAMPLES = 1_000
_ARTICLES = re.compile(r"\b(a|an|the)\b")

#: per query its documents, best first
Run = Mapping[str, Sequence[str]]
#: per measure its value for each question
PerQuestion = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over questions with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval is above or below 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    def no_worse(self, margin: float) -> bool | None:
        """Of a difference: whether a loss of `margin` is ruled out. None: the interval allows both."""
        if self.low > -margin:
            return True
        return False if self.high < -margin else None


def retrieval_measures(run: Run, gold: Mapping[str, frozenset[str]]) -> dict[str, list[float]]:
    """recall@k, all@k, ndcg@10 and mrr@10 of each query of the run, in its order. A query without results counts 0."""
    recall = {ir_measures.R @ k: f"recall@{k}" for k in RECALL_AT}
    names = {**recall, ir_measures.nDCG @ 10: "ndcg@10", ir_measures.RR @ 10: "mrr@10"}
    judged = [ir_measures.Qrel(q, d, 1) for q in run for d in sorted(gold[q])]
    ranked = [
        ir_measures.ScoredDoc(query, document, float(-place))
        for query, documents in run.items()
        for place, document in enumerate(documents)
    ]
    by_query: dict[str, dict[str, float]] = defaultdict(dict)
    if ranked:
        for metric in ir_measures.iter_calc(list(names), judged, ranked):
            by_query[metric.query_id][names[metric.measure]] = float(metric.value)
    found = {name: [by_query[query].get(name, 0.0) for query in run] for name in names.values()}
    for k in ALL_AT:
        found[f"all@{k}"] = [float(gold[query] <= set(documents[:k])) for query, documents in run.items()]
    return found


def means(values: PerQuestion) -> dict[str, float]:
    """Mean of each measure."""
    return {name: float(np.mean(each)) if len(each) else 0.0 for name, each in values.items()}


def intervals(values: PerQuestion, *, seed: int = 0) -> dict[str, tuple[float, float]]:
    """95 % bootstrap interval of each mean, over questions (percentile method, 1,000 resamples)."""
    found: dict[str, tuple[float, float]] = {}
    for name, each in values.items():
        if not len(each):
            found[name] = (0.0, 0.0)
            continue
        scores = np.asarray(each, dtype=np.float64)
        picks = np.random.default_rng(seed).integers(0, len(scores), (_RESAMPLES, len(scores)))
        low, high = np.quantile(scores[picks].mean(axis=1), (0.025, 0.975))
        found[name] = (float(low), float(high))
    return found


def share(hits: int, of: int) -> Estimate:
    """A share with its 95 % interval, which is honest for few cases and for shares of 0 or 1; (0, 0, 1) of nothing.

    Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    if not of:
        return Estimate(mean=0.0, low=0.0, high=1.0)
    z2 = 1.959964**2
    middle = (hits + z2 / 2) / (of + z2)
    half = math.sqrt(z2 * (hits * (of - hits) / of + z2 / 4)) / (of + z2)
    return Estimate(mean=hits / of, low=max(0.0, middle - half), high=min(1.0, middle + half))


def estimates(values: PerQuestion) -> dict[str, Estimate]:
    """`means` and `intervals` in one."""
    average, spans = means(values), intervals(values)
    return {name: Estimate(mean=average[name], low=low, high=high) for name, (low, high) in spans.items()}


def paired(values: PerQuestion, against: PerQuestion) -> dict[str, Estimate]:
    """Differences `values - against` of the same questions, in the same order: the paired bootstrap.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 8: differences are resampled, so what makes
    a question easy or hard for both cancels out.
    """
    pairs = {name: zip(values[name], against[name], strict=True) for name in values}
    return estimates({name: [left - right for left, right in each] for name, each in pairs.items()})


def write_run(path: Path, run: Run, tag: str) -> None:
    """A TREC run file."""
    lines = (
        f"{query} Q0 {document} {place} {-place} {tag}\n"
        for query, documents in run.items()
        for place, document in enumerate(documents, start=1)
    )
    path.write_text("".join(lines), encoding="utf-8")


def exact_match(text: str, answers: Iterable[str]) -> float:
    """1 if the text is one of the answers but for case, punctuation and articles."""
    return float(_simplified(text) in {_simplified(answer) for answer in answers})


def token_f1(text: str, answers: Iterable[str]) -> float:
    """Best harmonic mean of token precision and recall with any of the answers."""
    return max((_f1(_simplified(text).split(), _simplified(answer).split()) for answer in answers), default=0.0)


def contains_answer(text: str, answers: Iterable[str]) -> bool:
    """Whether one of the answers stands in the text, as whole words."""
    padded = f" {_simplified(text)} "
    return any(f" {_simplified(answer)} " in padded for answer in answers)


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    if not found or not wanted:
        return float(list(found) == list(wanted))
    shared = (Counter(found) & Counter(wanted)).total()
    return 2 * shared / (len(found) + len(wanted))


def _simplified(text: str) -> str:
    kept = "".join(" " if c in string.punctuation + "“”«»¿¡" else c for c in text.casefold())
    return " ".join(_ARTICLES.sub(" ", kept).split())
