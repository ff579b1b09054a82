"""Regression trees as an ONNX file (`TreeEnsembleRegressor`), with a card in the file's metadata.

The card says what the model was trained on and which features it wants, in which order. A model whose features this
version does not make is refused when it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile

from kgqa.errors import ConfigurationError

_UNREADABLE = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile)
#: key of the card in the metadata of the file
CARD = "kgqa.card"


class OnnxTrees:
    """A number for every row, by ONNX Runtime on one thread: some hundred small trees.

    `made` are the features that the caller makes, in its order; `command` is what trains such a model. Raises
    ConfigurationError for a file that cannot be read or that wants other features.
    """

    def __init__(self, path: Path, made: Sequence[str], command: str) -> None:
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
                f"{path.name} is no such model: {problem}.", hint=f"make one with `{command}`."
            ) from None
        if unknown := [name for name in self.features if name not in made]:
            raise ConfigurationError(
                f"The model {path.name} wants features that this version does not make: {', '.join(unknown)}.",
                hint=f"train it again with `{command}`.",
            )
        self._columns = [made.index(name) for name in self.features]

    def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(rows, features made) -> a number for each row; higher is better."""
        if not len(matrix):
            return np.zeros(0, np.float32)
        (scores,) = self._session.run(None, {"features": np.ascontiguousarray(matrix[:, self._columns])})
        return cast("npt.NDArray[np.float32]", scores).reshape(-1)
