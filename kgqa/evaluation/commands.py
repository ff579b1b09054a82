"""What `kgqa eval` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import track

from kgqa.adapters.models.judges import ANSWERABLE_FILE, SUPPORT_FILE, load_judges, packaged_judges
from kgqa.adapters.models.ranker import OnnxRanker, packaged_ranker
from kgqa.ask.pipeline import AskServices
from kgqa.bootstrap import Services
from kgqa.evaluation.datasets import COLLECTION_PREFIX, Dataset, read_dataset
from kgqa.evaluation.judging import AskedSet, ask_both_ways, train_judges
from kgqa.evaluation.pool import pool_name, pooled, write_pool
from kgqa.evaluation.run import EVERYBODY, QuestionResult, Report, evaluate_questions
from kgqa.evaluation.training import Judged, Watching, collect, family_of, train
from kgqa.model.answer import AskOptions

S = TypeVar("S", Judged, AskedSet)


def print_measures(report: Report, console: Console) -> None:
    """Each measure with its bootstrap interval, then seconds."""
    console.print(f"{report.name}: {report.questions} questions, mode {report.mode}")
    families = ", ".join(map(str, cast("list[str]", report.ranker.get("families", ["unknown"]))))
    learned = "" if report.ranker["name"] == "none" else f", trained on families: {families}"
    console.print(f"ranker {report.ranker['name']}{learned}", markup=False)
    for name, value in report.measures.items():
        low, high = report.intervals.get(name, (value, value))
        console.print(f"  {name:20} {value:.3f}  [{low:.3f}, {high:.3f}]", markup=False)
    for row in report.reliability:
        said = f"confidence {row['low']:.1f}-{row['high']:.1f}: {int(row['questions']):4} questions,"
        console.print(f"  {said} {row['confidence']:.2f} stated, {row['answerable']:.2f} had an answer", markup=False)
    for name, seconds in report.seconds.items():
        console.print(f"  {name:20} {seconds:.3f} s")


def fair_services(services: Services, folder: Path, *, collection: str = "") -> AskServices:
    """What asks over this set: as configured, but never with a packaged model that saw questions of its family.

    `collection` is where its documents are, if not in a collection of their own.
    """
    asking = services.ask_services(collection or f"{COLLECTION_PREFIX}{folder.resolve().name}")
    family = family_of(folder.resolve().name)
    if services.settings.models.ranker == "default":
        asking = replace(asking, ranker=OnnxRanker(packaged_ranker(unseen=family)))
    if services.settings.models.judges == "default":
        asking = replace(asking, judges=load_judges(packaged_judges(unseen=family)))
    return asking


def train_rankers(
    services: Services,
    folders: Sequence[Path],
    target: Path,
    ingest: Callable[[Path, str], None],
    limit: int,
    console: Console,
    *,
    pool: bool,
) -> None:
    """Train on all sets, and per family of sets on the others: what `fair_services` takes for the family.

    With `pool` the same questions teach once more, over one collection of all sets: where gold documents have more to
    stand out from.
    """
    datasets = [read_dataset(folder) for folder in folders]
    sets: list[Judged] = []

    def learn(dataset: Dataset, collection: str, among: str = "") -> None:
        view = services.index.view(EVERYBODY, collection)
        asking = replace(services.ask_services(collection), ranker=Watching())
        sets.append(collect(dataset, view, asking, AskOptions(), limit, among=among))
        console.print(f"{sets[-1].title}: {len(sets[-1].sizes)} questions that teach", markup=False)

    for dataset in datasets:
        ingest(dataset.folder, dataset.collection)
        learn(dataset, dataset.collection)
    if pool:
        name = pool_name(datasets)
        folder = services.settings.home / "evaluation" / name
        write_pool(datasets, folder)
        ingest(folder, name)
        for dataset in datasets:
            learn(pooled(dataset), name, "pooled")
    target.mkdir(parents=True, exist_ok=True)
    for name, taught in folds(sets):
        (target / f"{name}.onnx").write_bytes(train(taught))
        console.print(f"{name}: trained on {', '.join(each.title for each in taught)}", markup=False)


def train_judges_of(
    services: Services,
    folders: Sequence[Path],
    target: Path,
    ingest: Callable[[Path, str], None],
    limit: int,
    console: Console,
    progress: Console,
) -> None:
    """Train the judges on all sets, and per family of sets on the others, as `train_rankers`."""
    sets: list[AskedSet] = []
    for folder in folders:
        dataset = read_dataset(folder)
        ingest(folder, dataset.collection)
        view = services.index.view(EVERYBODY, dataset.collection)
        count = 2 * min(limit, len(dataset.queries))
        asking = ask_both_ways(dataset, view, fair_services(services, folder), limit)
        asked = tuple(track(asking, description=folder.name, total=count, console=progress))
        sets.append(AskedSet(name=folder.resolve().name, asked=asked))
    for name, taught in folds(sets):
        fold = target / name
        fold.mkdir(parents=True, exist_ok=True)
        for file, model in zip((SUPPORT_FILE, ANSWERABLE_FILE), train_judges(taught), strict=True):
            (fold / file).write_bytes(model)
        console.print(f"{name}: trained on {', '.join(each.name for each in taught)}", markup=False)


def folds(sets: Sequence[S]) -> Iterator[tuple[str, Sequence[S]]]:
    """(name, sets to learn from): `all`, then per family of sets `without-FAMILY`, if others are left."""
    yield "all", sets
    for family in sorted({each.family for each in sets}):
        others = [each for each in sets if each.family != family]
        if others:
            yield f"without-{family}", others


def questions(
    services: Services, path: Path, collection: str, console: Console, *, json_path: Path | None, failures: bool
) -> Mapping[str, Mapping[str, float]]:
    """Recall@5, correct answers and right abstentions of the example questions, by hop count."""
    results, groups = evaluate_questions(path, services.ask_services(collection), services.policy, collection)
    for name, measures in groups.items():
        shown = "  ".join(f"{key} {value:.2f}" for key, value in measures.items() if key != "questions")
        console.print(f"{name:14} {int(measures['questions']):3} questions  {shown}")
    if failures:
        for result in results:
            if not result.correct:
                _print_failure(result, console)
    if json_path:
        rows = {r.question.id: {"correct": r.correct, "recall@5": r.recall, "answer": r.answer.text} for r in results}
        json_path.write_text(json.dumps({"groups": groups, "questions": rows}, indent=2), encoding="utf-8")
    return groups


def _print_failure(result: QuestionResult, console: Console) -> None:
    question = result.question
    wanted = " and ".join(" | ".join(sorted(group)) for group in question.all_of) or "an abstention"
    console.print(escape(f"\n{question.id} ({question.hops} hops) {question.text}"))
    console.print(escape(f"  wanted: {wanted}; recall@5 {result.recall:.2f}"))
    console.print(escape(f"  short:  {result.answer.short}"))
    console.print(escape(f"  answer: {' '.join(result.answer.text.split())[:400]}"))
