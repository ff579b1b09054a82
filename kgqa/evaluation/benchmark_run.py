"""`kgqa eval benchmarks`: from folders to the page."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kgqa.bootstrap import Services
from kgqa.errors import InvalidInput
from kgqa.evaluation.ablations import ablated
from kgqa.evaluation.benchmarks import Asked, PooledResult, SetResult, measure_pooled, measure_set
from kgqa.evaluation.commands import fair_services
from kgqa.evaluation.datasets import Dataset, read_dataset
from kgqa.evaluation.page import Provenance, benchmarks_page
from kgqa.evaluation.pool import pool_name, write_pool
from kgqa.evaluation.run import EVERYBODY

#: brings a BEIR folder into a collection by the ordinary ingest path; skips what has not changed
FolderIngest = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    folders: Sequence[Path]
    #: names of ablations; none: all
    ablations: Sequence[str] = ()
    #: ask only the first so many questions of each set; None: all
    limit: int | None = None
    #: the same for ablations; 0: no ablations
    ablation_limit: int = 100
    #: names of sets that are also asked in one collection of them all
    pool: Sequence[str] = ()
    #: the collections are there: do not compare them with the folders
    ingested: bool = False

    def __post_init__(self) -> None:
        """Raises `InvalidInput` for names that there are not: before servers are started."""
        ablated(self.ablations)
        names = [folder.resolve().name for folder in self.folders]
        if unknown := [name for name in self.pool if name not in names]:
            raise InvalidInput(f"{', '.join(unknown)} is none of the sets.", hint=f"sets: {', '.join(names)}")

    @property
    def command(self) -> str:
        """The line that measures this again; folders by their names."""
        options = [f"--ablation-limit {self.ablation_limit}", *(f"--ablation {name!r}" for name in self.ablations)]
        options += [f"--limit {self.limit}"] if self.limit else []
        options += [f"--pool {name}" for name in self.pool]
        options += ["--ingested"] if self.ingested else []
        sets = " ".join(f"DATA/{folder.resolve().name}" for folder in self.folders)
        return f"./run kgqa eval benchmarks {sets} \\\n  {' '.join(options)} --out docs/benchmarks.md"


class _Benchmarks:
    """Sets, one after the other, under one progress bar."""

    def __init__(self, services: Services, plan: Plan, ingest: FolderIngest, console: Console) -> None:
        self._services = services
        self._plan = plan
        self._ingest = ingest
        columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)

    def run(self) -> tuple[list[SetResult], list[PooledResult]]:
        """Ingest everything, then ask."""
        datasets = [read_dataset(folder) for folder in self._plan.folders]
        ablations = ablated(self._plan.ablations) if self._plan.ablation_limit else {}
        if not self._plan.ingested:
            for dataset in datasets:
                self._ingest(dataset.folder, dataset.collection)
        shared = [dataset for dataset in datasets if dataset.folder.name in self._plan.pool]
        collection, documents = self._ingest_pool(shared)
        results: list[SetResult] = []
        alone: dict[str, Asked] = {}
        pool: list[PooledResult] = []
        with self._progress:
            for dataset in datasets:
                view = self._services.index.view(EVERYBODY, dataset.collection)
                asking = fair_services(self._services, dataset.folder)
                asked = self._asked(dataset, dataset.folder.name)
                result, order = measure_set(dataset, asked, view, asking, ablations, self._plan.ablation_limit)
                results.append(result)
                self._say(result)
                alone[result.name] = order
            for dataset in shared:
                view = self._services.index.view(EVERYBODY, collection)
                asking = fair_services(self._services, dataset.folder, collection=collection)
                asked = self._asked(dataset, f"{dataset.folder.name}, pooled")
                pool.append(measure_pooled(dataset, alone[dataset.folder.name], asked, view, asking, documents))
        return results, pool

    def _say(self, result: SetResult) -> None:
        found = "  ".join(f"{name} {row.measures['recall@5'].mean:.3f}" for name, row in result.rows.items())
        self._progress.console.print(f"{result.name}: {result.questions} questions, R@5 {found}", markup=False)

    def _ingest_pool(self, datasets: Sequence[Dataset]) -> tuple[str, int]:
        """Name of the pool and its number of documents; `` and 0 without one."""
        if not datasets:
            return "", 0
        name = pool_name(datasets)
        folder = self._services.settings.home / "evaluation" / name
        documents = write_pool(datasets, folder)
        if not self._plan.ingested:
            self._ingest(folder, name)
        return name, documents

    def _asked(self, dataset: Dataset, title: str) -> Iterator[tuple[str, str]]:
        questions = list(islice(dataset.queries.items(), self._plan.limit))
        return iter(self._progress.track(questions, description=title))


def run_benchmarks(
    services: Services, plan: Plan, ingest: FolderIngest, console: Console, *, page: Path, json_path: Path | None
) -> None:
    """Measure, and write the page."""
    provenance = Provenance(command=plan.command, commit=_commit(), machine=_machine())
    sets, pool = _Benchmarks(services, plan, ingest, console).run()
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(benchmarks_page(sets, pool, provenance), encoding="utf-8")
    if json_path:
        found = {"sets": [asdict(s) for s in sets], "pool": [asdict(p) for p in pool], **asdict(provenance)}
        json_path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _commit() -> str:
    root = Path(__file__).parent.parent.parent
    code = ("kgqa", "spark", "cypher", "migrations")

    def git(*arguments: str) -> str:
        try:
            return subprocess.run(
                ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""

    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return f"{commit} with changes" if git("status", "--porcelain", "--", *code) else commit


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores ({platform.machine()}) and {memory:.0f} GiB"
