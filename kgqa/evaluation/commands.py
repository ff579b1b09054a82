"""What `kgqa eval` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from kgqa.bootstrap import Services
from kgqa.evaluation.run import QuestionResult, Report, evaluate_questions


def print_measures(report: Report, console: Console) -> None:
    """Each measure with its bootstrap interval, then seconds."""
    console.print(f"{report.name}: {report.questions} questions, mode {report.mode}")
    for name, value in report.measures.items():
        low, high = report.intervals.get(name, (value, value))
        console.print(f"  {name:20} {value:.3f}  [{low:.3f}, {high:.3f}]", markup=False)
    for name, seconds in report.seconds.items():
        console.print(f"  {name:20} {seconds:.3f} s")


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
