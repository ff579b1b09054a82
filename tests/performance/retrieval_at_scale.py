"""Time, exactness and growth of retrieval over 6,000, 20,000 and 100,000 chunks.

    ./run python -m tests.performance.ingest_at_scale ../shared/eval --home /tmp/scale
    ./run python -m tests.performance.retrieval_at_scale ../shared/eval --home /tmp/scale --json retrieval.json

The first command makes a collection of real documents in the home; the second makes copies of it with other names
until a database of each size is full (once: a second run measures at once), and asks every database the questions
of the BEIR folders, as a reader of everything. It prints, for each size:

    speed     the whole of `rank` beside the statements that it issued, run by themselves with the same arguments
    keyword   how much of the best 10 by BM25 is what bm25s finds in the same tokens
    vectors   how much of the exact lists a search finds, for readers of a tenth, two tenths, ... of the chunks
    walk      how much of the best 20 is what a walk over the whole visible graph finds, and its time beside that of
              the research prototype's statements

and ends with 1 when a bound does not hold. All times are of one process on warm servers; compare their ratios, not
their milliseconds, between machines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kgqa.demo import ready
from kgqa.evaluation.datasets import read_dataset
from kgqa.settings import load_settings, set_environment
from tests.performance.figures import keyword, speed, vectors, walks
from tests.performance.lakes import open_lake

SIZES = (6_000, 20_000, 100_000)
PARTS = {"speed": speed, "keyword": keyword, "vectors": vectors, "walk": walks}
err = Console(stderr=True, highlight=False)


def questions_of(folder: Path, wanted: int) -> list[str]:
    """So many questions, evenly from all data sets of the folder. Their judgements are not read."""
    folders = sorted(path.parent for path in folder.glob("*/queries.jsonl"))
    texts = [text for each in folders for text in read_dataset(each).queries.values()]
    return texts[:: max(1, len(texts) // wanted)][:wanted]


def bounds(figures: Mapping[int, Mapping[str, Any]]) -> list[tuple[str, float, bool]]:
    """What has to hold: (what, figure, whether it does)."""
    found: list[tuple[str, float, bool]] = []

    def check(what: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
        good = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        found.append((f"{what} ({'at most' if at_least is None else 'at least'} {at_most or at_least})", value, good))

    for size, of in figures.items():
        if "speed" in of:
            check(f"{size}: p95 of retrieval by p95 of its statements", of["speed"]["ratioP95"], at_most=2)
        if "keyword" in of:
            check(f"{size}: best 10 as bm25s", of["keyword"]["agreement"], at_least=0.99)
        if "vectors" in of:
            check(f"{size}: worst recall of any level", min(of["vectors"]["recall"]), at_least=0.97)
        if "walk" in of:
            check(f"{size}: best 20 as the whole graph", of["walk"]["overlap"], at_least=0.99)
            if "prototypeRatio" in of["walk"]:
                check(f"{size}: walk by the prototype's", of["walk"]["prototypeRatio"], at_most=0.5)
    least, most = min(figures), max(figures)
    if least != most and all("speed" in figures[n] for n in (least, most)):
        for point in ("p50", "p95"):
            growth = figures[most]["speed"][point] / figures[least]["speed"][point]
            check(f"growth of {point} from {least} to {most}", growth, at_most=3)
        counts = {n for of in figures.values() for n in of["speed"]["statements"]}
        check("most statements of a question", max(counts), at_most=max(figures[least]["speed"]["statements"]))
    return found


def main() -> int:
    """Measure every size; 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of BEIR folders, for their questions")
    parser.add_argument("--home", type=Path, required=True, help="KGQA_HOME of this measurement")
    parser.add_argument("--collection", default="scale", help="collection of the home that is copied")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of chunks")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=list(PARTS), help="what to measure")
    parser.add_argument("--questions", type=int, default=120, help="number of questions")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    set_environment({"KGQA_HOME": str(options.home.absolute())})
    settings = load_settings()
    home = ready(settings, err)
    questions = questions_of(options.folder, options.questions)
    figures: dict[int, dict[str, Any]] = {}
    for size in options.sizes:
        with open_lake(settings, home, options.collection, size) as lake:
            figures[size] = {}
            for part in options.parts:
                figures[size][part] = PARTS[part](lake, questions)
                _print(size, part, figures[size][part])
    held = bounds(figures)
    if options.json:
        report = {"questions": len(questions), "sizes": figures, "bounds": held}
        options.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
    for what, value, good in held:
        Console(highlight=False).print(f"{'holds' if good else '[red]FAILS[/red]'}  {what}: {value:.3f}")
    return 0 if all(good for _, _, good in held) else 1


def _print(size: int, part: str, figures: Mapping[str, Any]) -> None:
    table = Table("figure", "value", title=f"{part}, {size:,} chunks")
    for name, value in figures.items():
        table.add_row(name, _shown(value))
    Console(highlight=False).print(table)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
