"""A learned ranker: regression trees as an ONNX file (`TreeEnsembleRegressor`), with its card in the file's metadata.

The card says what the model was trained on and which features it wants, in which order. A model whose features this
version does not make is refused when it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile

from kgqa.ask.features import FEATURES
from kgqa.errors import ConfigurationError

_UNREADABLE = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile)
#: key of the card in the metadata of the file
CARD = "kgqa.card"


def packaged_ranker(*, unseen: str = "") -> Path:
    """The ranker that comes with the software; with `unseen`, one that never saw a question of that family."""
    folder = Path(__file__).parent / "rankers"
    fold = folder / f"without-{unseen}.onnx"
    return fold if fold.exists() else folder / "all.onnx"


class OnnxRanker:
    """`ports.Ranker` by ONNX Runtime, one thread: some hundred small trees."""

    def __init__(self, path: Path) -> None:
        #: name of the file, without its ending
        self.name = path.stem
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            self.card: Mapping[str, Any] = json.loads(self._session.get_modelmeta().custom_metadata_map[CARD])
            self.features = tuple(self.card["features"])
        except (KeyError, ValueError, *_UNREADABLE) as problem:
            raise ConfigurationError(
                f"{path.name} is no ranker: {problem}.", hint="make one with `kgqa eval train-ranker`."
            ) from None
        if unknown := [name for name in self.features if name not in FEATURES]:
            raise ConfigurationError(
                f"The ranker {path.name} wants features that this version does not make: {', '.join(unknown)}.",
                hint="train it again with `kgqa eval train-ranker`, or set KGQA_MODELS__RANKER=none.",
            )
        self._columns = [FEATURES.index(name) for name in self.features]

    def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(candidates, len(features.FEATURES)) -> a score for each candidate; higher is better."""
        if not len(matrix):
            return np.zeros(0, np.float32)
        (scores,) = self._session.run(None, {"features": np.ascontiguousarray(matrix[:, self._columns])})
        return cast("npt.NDArray[np.float32]", scores).reshape(-1)
