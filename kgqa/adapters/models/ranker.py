"""The learned ranker: what comes with the software, and how it is loaded."""

from __future__ import annotations

from pathlib import Path

from kgqa.adapters.models.trees import OnnxTrees
from kgqa.ask.features import FEATURES


def packaged_ranker(*, unseen: str = "") -> Path:
    """The ranker that comes with the software; with `unseen`, one that never saw a question of that family."""
    folder = Path(__file__).parent / "rankers"
    fold = folder / f"without-{unseen}.onnx"
    return fold if fold.exists() else folder / "all.onnx"


class OnnxRanker(OnnxTrees):
    """`ports.Ranker` over the features of `kgqa.ask.features`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FEATURES, "kgqa eval train-ranker")
