"""Evaluation runs: the ordinary ask path over a BEIR folder or the example questions.

This package alone reads judgements and accepted answers; nothing that answers does.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kgqa.adapters.models.ranker import OnnxRanker
from kgqa.ask.pipeline import AskServices, answer
from kgqa.ask.rank import RankServices, retrieve_order
from kgqa.evaluation.datasets import COLLECTION_PREFIX, ExampleQuestion, read_dataset, read_questions
from kgqa.evaluation.measures import (
    contains_answer,
    intervals,
    means,
    retrieval_measures,
    write_run,
)
from kgqa.model.answer import Answer, AskOptions, Caller, View
from kgqa.model.document import PUBLIC, RawDocument
from kgqa.ports import Policy, Ranker, SearchIndex

#: brings documents into a collection by the ordinary ingest path; skips what has not changed
Ingest = Callable[[str, Iterable[RawDocument]], object]
#: documents kept per query
RUN_DEPTH = 100
EVERYBODY = Caller(subject=PUBLIC, principals=(PUBLIC,))
MODES = ("keyword", "vector", "fused", "graph")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run measured; `kgqa eval` prints it and writes it as JSON."""

    name: str
    mode: str
    questions: int
    measures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    seconds: Mapping[str, float]
    #: the learned ranker that was used: its name, the families of sets and the sets that it learned from
    ranker: Mapping[str, object]
    #: bins of stated confidence with what came true, where abstention was measured
    reliability: Sequence[Mapping[str, float]] = ()

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """How one example question went."""

    question: ExampleQuestion
    answer: Answer
    #: share of the gold documents among the first five; 1 where there are none
    recall: float
    #: for unanswerable questions: whether it abstained
    correct: bool


def evaluate_retrieval(
    folder: Path,
    services: RankServices,
    ingest: Ingest,
    *,
    mode: str = "graph",
    titles: bool = True,
    json_path: Path | None = None,
    run_path: Path | None = None,
) -> Report:
    """Ingest the folder into its own collection, rank its documents for every query, measure.

    Without `titles` the collection is another one, whose documents have theirs as the first line of their text.
    """
    dataset = read_dataset(folder, titles=titles)
    started = time.perf_counter()
    ingest(dataset.collection, dataset.documents())
    index_seconds = time.perf_counter() - started
    view = services.index.view(EVERYBODY, dataset.collection)
    options = AskOptions(mode=mode)
    run: dict[str, list[str]] = {}
    times: list[float] = []
    for query, text in dataset.queries.items():
        started = time.perf_counter()
        order = retrieve_order(text, view, services, options)
        times.append(time.perf_counter() - started)
        run[query] = document_order(order, view, services.index)
    values = retrieval_measures(run, dataset.gold)
    name = dataset.collection.removeprefix(COLLECTION_PREFIX)
    used = services.ranker if mode == "graph" else None
    report = report_of(name, mode, values, times, {"index": index_seconds}, used)
    if json_path:
        report.write(json_path)
    if run_path:
        write_run(run_path, run, f"kgqa-{mode}")
    return report


def evaluate_questions(
    path: Path, services: AskServices, policy: Policy, collection: str
) -> tuple[tuple[QuestionResult, ...], Mapping[str, Mapping[str, float]]]:
    """Every example question as its own reader; and recall@5, correct answers and right abstentions by hop count."""
    results = tuple(_ask(question, services, policy, collection) for question in read_questions(path))
    groups: dict[str, list[QuestionResult]] = defaultdict(list)
    for result in results:
        hops = result.question.hops
        groups[f"{hops} hop{'s' if hops > 1 else ''}" if hops else "unanswerable"].append(result)
        groups[result.question.language].append(result)
        groups["all"].append(result)
    return results, {name: _summary(groups[name]) for name in sorted(groups)}


def ranker_card(ranker: Ranker | None) -> dict[str, object]:
    """What a report says of the ranker: without its families nobody can tell whether a figure is fair."""
    if ranker is None:
        return {"name": "none"}
    if not isinstance(ranker, OnnxRanker):
        return {"name": type(ranker).__name__}
    return {"name": ranker.name, **{key: ranker.card[key] for key in ("families", "trained_on") if key in ranker.card}}


def document_order(order: Sequence[int], view: View, index: SearchIndex, *, own: str = "") -> list[str]:
    """External ids of documents by their best chunk; duplicates answer under every id.

    In a pool a text of several sets is one place in the order: `own`, the prefix of the set that asks, says as whose.
    """
    # Several chunks may belong to one document, so more chunks than documents are looked up, a page at a time.
    found: dict[str, None] = {}
    for start in range(0, len(order), 2 * RUN_DEPTH):
        page = order[start : start + 2 * RUN_DEPTH]
        keys = index.document_keys(view, page)
        for chunk in page:
            of_chunk = keys.get(chunk, ())
            found.update(dict.fromkeys([key for key in of_chunk if key.startswith(own)] or of_chunk[:1]))
        if len(found) >= RUN_DEPTH:
            break
    return list(found)[:RUN_DEPTH]


def _ask(question: ExampleQuestion, services: AskServices, policy: Policy, collection: str) -> QuestionResult:
    caller = policy.caller(question.subject)
    given = answer(question.text, caller, collection, services)
    view = services.index.view(caller, collection)
    found = set(document_order(retrieve_order(question.text, view, services, AskOptions()), view, services.index)[:5])
    gold = question.documents
    said = f"{given.text}\n{given.short}"
    correct = not given.abstained and all(contains_answer(said, group) for group in question.all_of)
    return QuestionResult(
        question=question,
        answer=given,
        recall=len(gold & found) / len(gold) if gold else 1.0,
        correct=given.abstained if question.hops == 0 else correct,
    )


def _summary(results: Sequence[QuestionResult]) -> dict[str, float]:
    answerable = [r for r in results if r.question.hops > 0]
    summary = {"questions": float(len(results)), "correct": float(np.mean([r.correct for r in results]))}
    if answerable:
        summary["recall@5"] = float(np.mean([r.recall for r in answerable]))
        summary["abstained"] = float(np.mean([r.answer.abstained for r in answerable]))
        summary["short"] = float(
            np.mean([all(contains_answer(r.answer.short, group) for group in r.question.all_of) for r in answerable])
        )
    return summary


def report_of(
    name: str,
    mode: str,
    values: Mapping[str, Sequence[float]],
    times: Sequence[float],
    seconds: Mapping[str, float],
    ranker: Ranker | None,
) -> Report:
    """Means with their intervals, and quantiles of the seconds that a question took."""
    p50, p95 = np.quantile(times, (0.5, 0.95)) if times else (0.0, 0.0)
    return Report(
        name=name,
        mode=mode,
        questions=len(times),
        measures=means(values),
        intervals=intervals(values),
        seconds={**seconds, "query_p50": float(p50), "query_p95": float(p95)},
        ranker=ranker_card(ranker),
    )
