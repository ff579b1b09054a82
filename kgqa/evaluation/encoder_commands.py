"""What `kgqa models train-encoder` does: mine, train, write, say how to use it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kgqa.bootstrap import Services
from kgqa.embedded.e5_folder import read_folder, write_folder
from kgqa.embedded.models import ENCODER_VERSION, packaged_model, write_encoder
from kgqa.errors import ConfigurationError, InvalidInput
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.encoder_training import Trained, Training, train_encoder, write_card
from kgqa.evaluation.run import EVERYBODY
from kgqa.evaluation.training import family_of
from kgqa.evaluation.triplets import Mined, mine, mined_before


def chosen(folders: Sequence[Path], without: str) -> list[Path]:
    """The folders that are not of the family. Raises InvalidInput where none is left or none was of it."""
    kept = [folder for folder in folders if family_of(folder.resolve().name) != without]
    if not kept:
        raise InvalidInput(f"Without {without} there is nothing to learn from.", hint="give sets of other families.")
    if without and len(kept) == len(folders):
        families = ", ".join(sorted({family_of(folder.resolve().name) for folder in folders}))
        raise InvalidInput(f"No set is of the family {without!r}.", hint=f"families given: {families}.")
    return kept


def known_sets(folders: Sequence[Path], target: Path, encoder: str, limit: int) -> dict[str, tuple[Mined, ...]]:
    """Sets that were mined before, so that training again, with other parameters, needs no servers."""
    found: dict[str, tuple[Mined, ...]] = {}
    for folder in folders:
        dataset = read_dataset(folder)
        mined = mined_before(dataset, target / f"{dataset.folder.name}.jsonl", encoder, limit)
        if mined is not None:
            found[dataset.folder.name] = mined
    return found


def mine_sets(
    services: Services,
    folders: Sequence[Path],
    target: Path,
    ingest: Callable[[Path, str], None],
    limit: int,
    console: Console,
) -> dict[str, tuple[Mined, ...]]:
    """Mine the sets. The learned ranker is left out: it has seen judgements of every family."""
    mined: dict[str, tuple[Mined, ...]] = {}
    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    for folder in folders:
        dataset = read_dataset(folder)
        name = dataset.folder.name
        ingest(folder, dataset.collection)
        view = services.index.view(EVERYBODY, dataset.collection)
        asking = replace(services.ask_services(dataset.collection), ranker=None)
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(f"mining {name}", total=None)

            def show(done: int, total: int, *, bar: Progress = bar, task: object = task) -> None:
                bar.update(task, completed=done, total=total)  # pyright: ignore[reportArgumentType] - a TaskID

            mined[name] = mine(dataset, view, asking, target / f"{name}.jsonl", limit, progress=show)
        positives = sum(len(each.positives) for each in mined[name])
        missed = sum(each.missed for each in mined[name])
        console.print(f"{name}: {positives} gold passages, {missed} not found", markup=False)
    return mined


def train_and_write(
    mined: Mapping[str, Sequence[Mined]],
    target: Path,
    how: Training,
    *,
    base: Path | None,
    device: str,
    console: Console,
) -> Trained:
    """`encoder/` for sentence-transformers and, for a model of the packaged kind, `onnx/` for the default path."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix="training-") as folder:
        start = base or Path(folder) / "base"
        if base is None:
            write_folder(packaged_model(), start)
        part = Path(folder) / "encoder"
        trained = train_encoder(start, mined, part, how, device=device)
        write_card(part, base.name if base else ENCODER_VERSION, mined, how, trained)
        shutil.rmtree(target / "encoder", ignore_errors=True)
        part.rename(target / "encoder")
    _print(trained, console)
    uses = [f"sentence-transformers:{target / 'encoder'}"]
    try:
        write_encoder(read_folder(target / "encoder"), target / "onnx")
        uses.append(f"onnx:{target / 'onnx'}")
    except ConfigurationError as problem:
        console.print(f"no ONNX form: {problem.message}", markup=False)
    console.print("Use it with a new KGQA_HOME (an index holds the vectors of one encoder) and ingest again:")
    for use in uses:
        console.print(f"  KGQA_MODELS__ENCODER={use}", markup=False)
    return trained


def _print(trained: Trained, console: Console) -> None:
    console.print(f"{trained.triplets} triplets, {len(trained.losses)} steps, {trained.seconds:.0f} s")
    half = len(trained.losses) // 2
    if half:
        first, second = sum(trained.losses[:half]) / half, sum(trained.losses[-half:]) / half
        console.print(f"  loss                 first half {first:.3f}, second half {second:.3f}")
    if trained.kept_back_before is not None and trained.kept_back_after is not None:
        console.print(f"  questions kept back  {trained.kept_back_before:.3f} -> {trained.kept_back_after:.3f}")
