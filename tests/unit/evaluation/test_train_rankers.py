"""`kgqa eval train-ranker`: what each model learns from, alone and in the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from kgqa.adapters.models.ranker import OnnxRanker
from kgqa.evaluation.commands import train_rankers
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.pool import pool_name
from kgqa.model.answer import Caller, View
from tests.unit.ask.doubles import MemoryIndex, MemoryLake, services
from tests.unit.ask.lakes import lake
from tests.unit.evaluation.test_benchmarks import folder as folder_of

SETS = ("one", "two-a")


class Collections(MemoryIndex):
    """The small lake under the name of every collection; in the pool documents are those of every set."""

    def __init__(self, store: MemoryLake) -> None:
        super().__init__(store)
        self.asked: list[str] = []

    def view(self, caller: Caller, collection: str) -> View:
        self.asked.append(collection)
        return replace(super().view(caller, "test"), collection=collection)

    def document_keys(self, view: View, chunk_ids: Sequence[int]) -> dict[int, list[str]]:
        keys = super().document_keys(view, chunk_ids)
        if "-pool-" not in view.collection:
            return keys
        return {chunk: [f"{name}/{key}" for name in SETS for key in own] for chunk, own in keys.items()}


@pytest.mark.parametrize("pool", [False, True])
def test_a_family_is_left_out_alone_and_in_the_pool(tmp_path: Path, *, pool: bool) -> None:
    folders = [folder_of(tmp_path / name) for name in SETS]
    index = Collections(lake())
    built = services(lake(), index=index)
    whole = SimpleNamespace(index=index, ask_services=lambda _: built, settings=SimpleNamespace(home=tmp_path / "home"))
    ingested: list[str] = []
    said = StringIO()
    train_rankers(
        whole,  # pyright: ignore[reportArgumentType] - a double
        folders,
        tmp_path / "models",
        lambda folder, collection: ingested.append(collection) if (folder / "corpus.jsonl.gz").exists() else None,
        10,
        Console(file=said, width=200),
        pool=pool,
    )
    name = pool_name([read_dataset(folder) for folder in folders])
    assert ingested == ["eval-one", "eval-two-a", *([name] if pool else [])]
    assert index.asked == ["eval-one", "eval-two-a", *([name, name] if pool else [])]
    trained = {path.stem: OnnxRanker(path).card["trained_on"] for path in (tmp_path / "models").iterdir()}
    one = {"one": 2, **({"one (pooled)": 2} if pool else {})}
    two = {"two-a": 2, **({"two-a (pooled)": 2} if pool else {})}
    assert trained == {"all": {**one, **two}, "without-one": two, "without-two": one}
    assert "two-a: 2 questions that teach" in said.getvalue()
