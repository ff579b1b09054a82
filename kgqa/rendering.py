"""Answers and reports as a terminal shows them, and as machines read them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from kgqa.adapters.postgres.check import Finding
from kgqa.model.answer import Answer, Citation, CitationReason, Evidence, EvidenceChunk
from kgqa.text.timestamps import time_span


@contextmanager
def index_bars(console: Console) -> Generator[Callable[[str, float], None]]:
    """Takes the name of a vector index that is being made and its share, 0 to 1: a bar for each."""
    columns = (TextColumn("vector index {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=console)
    tasks: dict[str, TaskID] = {}

    def show(name: str, share: float) -> None:
        if not tasks:
            bars.start()
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=1.0)
        bars.update(tasks[name], completed=share)

    try:
        yield show
    finally:
        if tasks:
            bars.stop()


def answer_json(answer: Answer) -> dict[str, object]:
    """The stable JSON form of an answer (`kgqa ask --json`)."""
    evidence = answer.evidence
    return {
        "question": answer.question,
        "answer": answer.text,
        "short": answer.short,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "citations": [_citation(c) for c in answer.citations],
        "evidence": {
            "chunks": [_chunk(c) for c in evidence.chunks],
            "nodes": [asdict(n) for n in evidence.nodes],
            "relations": [
                {"chunkId": str(e.chunk_id), "nameId": str(e.name_id), "isTitle": e.is_title} for e in evidence.edges
            ],
            "paths": [
                {"nodes": list(p.nodes), "label": p.label, "chunkIds": [str(chunk) for chunk in p.chunk_ids]}
                for p in evidence.paths
            ],
        },
        "warnings": list(answer.warnings),
        "timings": dict(answer.timings),
    }


def _citation(c: Citation) -> dict[str, object]:
    return {
        "n": c.n,
        "documentId": str(c.document_id),
        "documentKey": c.document_key,
        "title": c.title,
        "uri": c.uri,
        "chunkId": str(c.chunk_id),
        "headingPath": list(c.heading_path),
        "page": c.page,
        "seconds": list(c.seconds) if c.seconds else None,
        "start": c.start,
        "end": c.end,
        "quote": c.quote,
        "reason": asdict(c.reason),
        "translation": c.translation or None,
        "translationLanguage": c.translation_language or None,
    }


def _chunk(c: EvidenceChunk) -> dict[str, object]:
    return {
        "chunkId": str(c.chunk_id),
        "documentId": str(c.document_id),
        "documentKey": c.document_key,
        "title": c.title,
        "page": c.page,
        "seconds": list(c.seconds) if c.seconds else None,
        "start": c.start,
        "end": c.end,
        "text": c.text,
        "rank": c.rank,
        "reasons": list(c.reasons),
        "language": c.language,
        "translation": c.translation or None,
        "translationLanguage": c.translation_language or None,
    }


def place(headings: Sequence[str], page: int | None, seconds: Sequence[float] | None) -> str:
    """Where in a document: `page 3, Maintenance > Seals`, or `00:01:05-00:01:32`."""
    parts = [f"page {page}"] if page else []
    parts += [time_span((seconds[0], seconds[1]))] if seconds else []
    return ", ".join([*parts, " > ".join(headings)] if headings else parts)


def why(reason: CitationReason) -> str:
    """Why a citation is there, in a line.

    >>> places = (ListPlace(name="keyword", place=1), ListPlace(name="graph", place=3))
    >>> why(CitationReason(rank=2, lists=places, path="E-417 - [Seal kit notes]", verified="copied"))
    'why: 2nd of the evidence (keyword 1, graph 3), by E-417 - [Seal kit notes]; copied word for word'
    """
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(reason.rank, "th")
    lists = ", ".join(f"{found.name} {found.place}" for found in reason.lists) or "reached from other evidence"
    by = f", by {reason.path}" if reason.path else ""
    verified = "copied word for word" if reason.verified == "copied" else "its words support the sentence"
    return f"why: {reason.rank}{suffix} of the evidence ({lists}){by}; {verified}"


def _print_evidence(evidence: Evidence, console: Console) -> None:
    """Each chunk with the names that tie it to the question and to other evidence; a name it stands under has a *."""
    labels = {node.id: node.label for node in evidence.nodes}
    for chunk in evidence.chunks:
        reasons = ", ".join(chunk.reasons)
        console.print(escape(f"  {chunk.rank:2}. {chunk.title} ({reasons}): {' '.join(chunk.text.split())[:160]}"))
        edges = [edge for edge in evidence.edges if edge.chunk_id == chunk.chunk_id]
        names = ", ".join(labels[f"name:{edge.name_id}"] + ("*" if edge.is_title else "") for edge in edges)
        if chunk.translation:
            said = " ".join(chunk.translation.split())[:160]
            console.print(escape(f"      in {chunk.translation_language}, by machine: {said}"))
        if names:
            console.print(f"      [dim]names: {escape(names)}[/]")


def print_answer(answer: Answer, console: Console, *, explain: bool = False) -> None:
    """The answer, its numbered citations, how the evidence connects, and (explained) what else was found."""
    if answer.short not in answer.text:
        console.print(f"[bold]{escape(answer.short)}[/]")  # worked out from what follows
    console.print(f"[bold]{escape(answer.text)}[/]" if not answer.abstained else escape(answer.text))
    for c in answer.citations:
        where = place(c.heading_path, c.page, c.seconds)
        console.print(escape(f"  [{c.n}] {c.title}" + (f" ({where})" if where else "") + f"  {c.uri}"))
        console.print(f"      [italic]{escape(chr(8220) + ' '.join(c.quote.split()) + chr(8221))}[/]")
        if c.translation:
            said = " ".join(c.translation.split())
            console.print(f"      [dim]{escape(f'the passage in {c.translation_language}, by machine: {said}')}[/]")
        if explain:
            console.print(f"      [dim]{escape(why(c.reason))}[/]")
    for path in answer.evidence.paths[: None if explain else 3]:
        console.print(f"  [dim]path: {escape(path.label)}[/]")
    for warning in answer.warnings:
        console.print(f"  [yellow]note: {escape(warning)}[/]")
    if explain and answer.confidence is not None:
        console.print(f"  [dim]confidence: {answer.confidence:.2f} that the evidence answers the question[/]")
    if explain:
        _print_evidence(answer.evidence, console)
        steps = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in answer.timings.items())
        console.print(f"  [dim]{steps}[/]")


def print_findings(findings: Sequence[Finding], graph: str, console: Console) -> None:
    """What a check found, and what to do about it."""
    for finding in findings:
        console.print(
            escape(f"record: {finding.rows} x {finding.what} ({finding.check}), for example {finding.example}")
        )
    if findings:
        console.print("  hint: `kgqa ingest --force SOURCE` reads documents again; please report how this came about.")
    console.print(f"graph: {graph}")
    if graph != "none":
        console.print("  hint: keys that wait are projected with the next change; else run `kgqa rebuild-graph`.")


def print_report(report: Mapping[str, object], console: Console) -> None:
    """What an ingest did, stage by stage, and what it could not read."""
    counts = ["indexed", "duplicates", "skipped", "failed", "deleted", "unchanged"]
    counts += ["untranslated"] if report.get("untranslated") else []
    console.print(", ".join(f"{name} {report.get(name, 0)}" for name in counts))
    stages = report.get("stages")
    if isinstance(stages, list):
        for stage in stages:
            seconds = float(stage.get("seconds", 0))
            done = int(stage.get("done", 0))
            rate = f"{done / seconds:8.1f}/s" if seconds and done else ""
            console.print(f"  {stage.get('stage', ''):12} {seconds:8.1f} s {done:8} {rate}")
    reasons = report.get("reasons")
    if isinstance(reasons, list):
        for key, reason in reasons[:20]:
            console.print(escape(f"  {key}: {reason}"))
        if len(reasons) > 20:
            console.print(f"  ... and {len(reasons) - 20} more")
