"""Answers, measured: short answers, citations, and whether it abstains when it should.

Asked without its gold documents, a question has no answer in the collection; asked with them, it has. That mix
measures abstention and how well the stated confidence is calibrated.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kgqa.ask.pipeline import AskServices, answer
from kgqa.evaluation.datasets import Dataset, read_dataset
from kgqa.evaluation.measures import contains_answer, exact_match, token_f1
from kgqa.evaluation.removal import without
from kgqa.evaluation.run import EVERYBODY, Ingest, Report, report_of
from kgqa.model.answer import Answer, View
from kgqa.ports import SearchIndex

#: bins of equal width of the reliability table
BINS = 5
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether it abstained, and whether that was right to do."""

    answerable: bool
    abstained: bool
    confidence: float | None


def evaluate_answers(
    folder: Path,
    services: AskServices,
    ingest: Ingest,
    *,
    limit: int | None = None,
    removal: bool = False,
    json_path: Path | None = None,
) -> Report:
    """Exact match and F1 of the short answer, precision and recall of the cited documents, rate of abstention.

    `_retrieved`: over the questions whose gold documents are all in the evidence and that were answered. With
    `removal` every question is asked once more as if its gold documents were not there.
    """
    dataset = read_dataset(folder)
    ingest(dataset.collection, dataset.documents())
    values: dict[str, list[float]] = defaultdict(list)
    times: list[float] = []
    decisions: list[Decision] = []
    view = services.index.view(EVERYBODY, dataset.collection)
    for query, text in [item for item in dataset.queries.items() if item[0] in dataset.answers][:limit]:
        started = time.perf_counter()
        given = answer(text, EVERYBODY, dataset.collection, services)
        times.append(time.perf_counter() - started)
        for name, value in answer_measures(given, query, dataset, view, services.index).items():
            values[name].append(value)
        decisions.append(_decision(given, answerable=True))
        if removal:
            bare = without(dataset.gold[query], services)
            decisions.append(_decision(answer(text, EVERYBODY, dataset.collection, bare), answerable=False))
    report = report_of(dataset.folder.name, "graph", values, times, {}, services.ranker)
    if removal and decisions:
        found = abstention(decisions)
        report = replace(
            report,
            measures={**report.measures, **{name: value for name, (value, _) in found.items()}},
            intervals={**report.intervals, **{name: interval for name, (_, interval) in found.items()}},
            reliability=reliability(decisions),
        )
    if json_path:
        report.write(json_path)
    return report


def answer_measures(given: Answer, query: str, dataset: Dataset, view: View, index: SearchIndex) -> dict[str, float]:
    """Measures of one answer; those that do not apply to it are absent."""
    gold, answers = dataset.gold[query], dataset.answers[query]
    keys = index.document_keys(view, [citation.chunk_id for citation in given.citations])
    right = [bool(gold & set(keys.get(citation.chunk_id, ()))) for citation in given.citations]
    recall = len(gold & _documents(keys)) / len(gold)
    found = {
        "exact_match": exact_match(given.short, answers),
        "f1": token_f1(given.short, answers),
        "answer_in_text": float(contains_answer(f"{given.text}\n{given.short}", answers)),
        "citation_recall": recall,
        "abstained": float(given.abstained),
    }
    if right:
        found["citation_precision"] = float(np.mean(right))
    evidence = index.document_keys(view, [chunk.chunk_id for chunk in given.evidence.chunks])
    found["retrieved"] = float(gold <= _documents(evidence))
    if found["retrieved"] and right:
        found["citation_precision_retrieved"] = found["citation_precision"]
        found["citation_recall_retrieved"] = recall
    return found


def abstention(decisions: Sequence[Decision], *, seed: int = 0) -> dict[str, tuple[float, tuple[float, float]]]:
    """Precision, recall and F1 of abstaining, each with its 95 % bootstrap interval over the decisions."""
    should = np.array([not decision.answerable for decision in decisions])
    did = np.array([decision.abstained for decision in decisions])
    picks = np.random.default_rng(seed).integers(0, len(decisions), (_RESAMPLES, len(decisions)))
    drawn = [_precision_recall_f1(should[pick], did[pick]) for pick in picks]
    whole = _precision_recall_f1(should, did)
    found: dict[str, tuple[float, tuple[float, float]]] = {}
    for n, name in enumerate(("precision", "recall", "f1")):
        low, high = np.quantile([each[n] for each in drawn], (0.025, 0.975))
        found[f"abstention_{name}"] = (whole[n], (float(low), float(high)))
    return found


def reliability(decisions: Sequence[Decision]) -> tuple[Mapping[str, float], ...]:
    """Per bin of confidence: number of questions, mean confidence, and the share that had an answer."""
    judged = [(d.confidence, d.answerable) for d in decisions if d.confidence is not None]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, answerable in judged:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, answerable))
    return tuple(
        {
            "low": place / BINS,
            "high": (place + 1) / BINS,
            "questions": float(len(bins[place])),
            "confidence": float(np.mean([confidence for confidence, _ in bins[place]])),
            "answerable": float(np.mean([answerable for _, answerable in bins[place]])),
        }
        for place in sorted(bins)
    )


def _decision(given: Answer, *, answerable: bool) -> Decision:
    return Decision(answerable=answerable, abstained=given.abstained, confidence=given.confidence)


def _documents(keys: Mapping[int, Sequence[str]]) -> set[str]:
    return {key for of_chunk in keys.values() for key in of_chunk}


def _precision_recall_f1(should: np.typing.NDArray[np.bool_], did: np.typing.NDArray[np.bool_]) -> tuple[float, ...]:
    both = float((should & did).sum())
    precision = both / float(did.sum()) if did.any() else 0.0
    recall = both / float(should.sum()) if should.any() else 0.0
    return precision, recall, 2 * both / float(should.sum() + did.sum()) if both else 0.0
