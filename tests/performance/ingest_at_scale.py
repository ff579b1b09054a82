"""Ingest every distinct text of some BEIR folders, killed once and resumed, then once more without a change.

    ./run python -m tests.performance.ingest_at_scale ../shared/eval --home /tmp/scale --json scale.json

Prints documents per second by stage, and the peak memory of everything that ran: servers, Spark's driver, its Python
workers (proportional set size, so that shared pages count once). The home keeps its vectors: `kgqa eval` on one of
the folders in the same home embeds nothing again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from kgqa.demo import ready
from kgqa.embedded.stack import Stack
from kgqa.errors import KgqaError
from kgqa.processes import run_spark_job
from kgqa.settings import Settings, load_settings, set_environment

COLLECTION = "scale"
#: share of the documents that are read when the job is killed
KILL_AT = 0.4
_SAMPLE_SECONDS = 2.0

Stages = dict[str, dict[str, float]]
err = Console(stderr=True, highlight=False)


def distinct_texts(folders: Iterable[Path]) -> Iterator[Mapping[str, str]]:
    """Corpus lines of all folders, each (title, text) once."""
    seen: set[tuple[str, str]] = set()
    for folder in folders:
        with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                document = json.loads(line)
                text = (str(document.get("title") or ""), str(document.get("text") or ""))
                if text not in seen:
                    seen.add(text)
                    yield {"_id": f"{folder.name}/{document['_id']}", "title": text[0], "text": text[1]}


class Memory:
    """The most memory that this process, its children and the servers held together, in bytes."""

    def __init__(self, settings: Settings) -> None:
        self.peak = 0
        self._settings = settings
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            servers = [status.pid for status in Stack(self._settings).status().servers if status.pid]
            roots = [psutil.Process()]
            for pid in servers:
                with suppress(psutil.NoSuchProcess):
                    roots.append(psutil.Process(pid))
            self.peak = max(self.peak, sum(map(_family_bytes, roots)))


def _family_bytes(root: psutil.Process) -> int:
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += process.memory_full_info().pss
    return total


def ingest(settings: Settings, source: Path, *, kill: bool) -> tuple[Stages, float]:
    """One run of the job: what each stage did, and all seconds. With `kill`, the driver is killed in `read`."""
    stages: Stages = {}
    began: dict[str, float] = {}
    last_said = time.monotonic()

    def watch(message: Mapping[str, object]) -> None:
        nonlocal last_said
        stage = str(message["stage"])
        began.setdefault(stage, time.monotonic())
        done, total = (int(str(message.get(name) or 0)) for name in ("done", "total"))
        stages[stage] = {"done": done, "seconds": float(str(message.get("seconds") or 0))}
        if time.monotonic() - last_said > 20 or "seconds" in message:
            err.print(f"{time.strftime('%H:%M:%S')} {stage} {done}/{total}")
            last_said = time.monotonic()
        if kill and stage == "read" and done > KILL_AT * total > 0:
            for process in psutil.Process().children(recursive=True):
                if process.cmdline()[1:3] == ["-m", "spark"]:
                    stages["read"]["seconds"] = time.monotonic() - began[stage]
                    os.kill(process.pid, signal.SIGKILL)

    start = time.monotonic()
    try:
        run_spark_job("ingest", ["--source", str(source), "--collection", COLLECTION], settings, on_progress=watch)
    except KgqaError:
        if not kill:
            raise
    return stages, time.monotonic() - start


def main() -> int:
    """Run the three ingests; 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("--home", type=Path, required=True, help="KGQA_HOME of this measurement")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    set_environment({"KGQA_HOME": str(options.home.absolute())})
    settings = load_settings()
    source = options.home.absolute() / "corpus"
    source.mkdir(parents=True, exist_ok=True)
    folders = sorted(path.parent for path in options.folder.glob("*/corpus.jsonl.gz"))
    documents = list(distinct_texts(folders))
    (source / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)) + "\n", encoding="utf-8")
    err.print(f"{len(documents)} distinct texts of {len(folders)} folders")
    ready(settings, err)
    figures: dict[str, object] = {"documents": len(documents)}
    with Memory(settings) as memory:
        cut, cut_seconds = ingest(settings, source, kill=True)
        rest, rest_seconds = ingest(settings, source, kill=False)
        again, again_seconds = ingest(settings, source, kill=False)
    whole = cut_seconds + rest_seconds
    figures |= {
        "killed": cut, "resumed": rest, "unchanged": again, "seconds": whole, "unchangedSeconds": again_seconds,
        "unchangedShare": again_seconds / whole, "peakBytes": memory.peak,
    }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    _print(figures, {"killed": cut, "resumed": rest, "unchanged": again})
    return 0


def _print(figures: Mapping[str, object], runs: Mapping[str, Stages]) -> None:
    table = Table("run", "stage", "done", "seconds", "per second")
    for run, stages in runs.items():
        for stage, values in stages.items():
            rate = f"{values['done'] / values['seconds']:.1f}" if values["seconds"] else ""
            table.add_row(run, stage, str(int(values["done"])), f"{values['seconds']:.1f}", rate)
    out = Console()
    out.print(table)
    for name in ("documents", "seconds", "unchangedSeconds", "unchangedShare", "peakBytes"):
        out.print(f"{name}: {figures[name]}")


if __name__ == "__main__":
    sys.exit(main())
