"""What adding a hundred documents costs in collections of different sizes, by stage.

    ./run python -m tests.performance.adding FOLDER small middle large --home /tmp/scale --json adding.json

`FOLDER` is a BEIR folder whose documents none of the collections has. Each collection of the home gets them as a source
of its own, with another word in every sentence, so that each time everything is read, embedded and linked anew; then
they are deleted again. The job starts once for each: the stages are what its own clock says.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kgqa.bootstrap import Services, build_services
from kgqa.demo import drawn_job, ready
from kgqa.model.delta import IngestDelta
from kgqa.settings import Settings, load_settings, set_environment

#: the largest cost against the smallest
_FLAT = 2.0
err = Console(stderr=True, highlight=False)


def corpus_lines(folder: Path) -> Iterator[Mapping[str, Any]]:
    path = folder / "corpus.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") if path.exists() else (folder / "corpus.jsonl").open() as lines:
        yield from map(json.loads, lines)


def write_documents(folder: Path, target: Path, count: int, word: str) -> list[str]:
    """A corpus of so many documents that say another word in every sentence; their keys."""
    target.mkdir(parents=True, exist_ok=True)
    keys: list[str] = []
    with (target / "corpus.jsonl").open("w", encoding="utf-8") as out:
        for line in corpus_lines(folder):
            if len(keys) == count:
                break
            text = str(line["text"]).replace(". ", f" in {word}. ")
            keys.append(f"added-{word}-{line['_id']}")
            document = {"_id": keys[-1], "title": line.get("title", ""), "text": text}
            out.write(json.dumps(document) + "\n")
    return keys


def add(settings: Settings, services: Services, collection: str, folder: Path, count: int) -> dict[str, Any]:
    """Seconds by stage; the documents are gone again afterwards."""
    before = services.store.collection(collection).documents
    word = f"zq{before}"
    target = settings.home / "adding" / collection
    keys = write_documents(folder, target, count, word)
    report = drawn_job("ingest", ["--source", str(target), "--collection", collection], settings, err)
    stages = report["stages"]
    assert isinstance(stages, list)
    seconds = {str(stage["stage"]): float(stage["seconds"]) for stage in stages}
    services.store.apply_delta(IngestDelta(collection=collection, deletions=tuple(keys)))
    services.store.forget_source(collection, f"{(target / 'corpus.jsonl').as_uri()}")
    while services.graph.project():
        pass
    return {"documents": before, "indexed": report["indexed"], "stages": seconds}


def main() -> int:
    """Measure every collection; 0 when the cost is flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="BEIR folder of documents to add")
    parser.add_argument("collections", nargs="+", help="collections of the home")
    parser.add_argument("--home", type=Path, required=True, help="KGQA_HOME with the collections; it is changed")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    set_environment({"KGQA_HOME": str(options.home.absolute())})
    settings = load_settings()
    with build_services(settings, ready(settings, err)) as services:
        found = {name: add(settings, services, name, options.folder, options.count) for name in options.collections}
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")
    stages = list(dict.fromkeys(stage for figures in found.values() for stage in figures["stages"]))
    table = Table("collection", "documents", "indexed", *stages, "all")
    totals: list[float] = []
    for name, figures in found.items():
        seconds = figures["stages"]
        totals.append(sum(seconds.values()))
        cells = [f"{seconds.get(stage, 0.0):.1f}" for stage in stages]
        table.add_row(name, str(figures["documents"]), str(figures["indexed"]), *cells, f"{totals[-1]:.1f}")
    Console().print(table)
    ratio = max(totals) / min(totals)
    Console().print(f"largest against smallest: {ratio:.2f} (bound {_FLAT})")
    return 0 if ratio <= _FLAT else 1


if __name__ == "__main__":
    sys.exit(main())
