"""The learned judges of evidence: what comes with the software, and how they are loaded."""

from __future__ import annotations

from pathlib import Path

from kgqa.adapters.models.trees import OnnxTrees
from kgqa.ask.support import ANSWERABLE_FEATURES, SUPPORT_FEATURES
from kgqa.ask.weigh import Judges

SUPPORT_FILE, ANSWERABLE_FILE = "support.onnx", "answerable.onnx"
_COMMAND = "kgqa eval train-judges"


def packaged_judges(*, unseen: str = "") -> Path:
    """The folder that comes with the software; with `unseen`, one that never saw a question of that family."""
    folder = Path(__file__).parent / "judges"
    fold = folder / f"without-{unseen}"
    return fold if fold.exists() else folder / "all"


def load_judges(folder: Path) -> Judges:
    """Both models of a folder. Raises ConfigurationError."""
    return Judges(
        support=OnnxTrees(folder / SUPPORT_FILE, SUPPORT_FEATURES, _COMMAND),
        answerable=OnnxTrees(folder / ANSWERABLE_FILE, ANSWERABLE_FEATURES, _COMMAND),
    )
