"""The default encoder: multilingual-e5-small with 8-bit weights on ONNX Runtime.

Each text goes through the model by itself. Activations are quantised with one scale per call, so in a batch the
vector of a text would change with its neighbours (down to a cosine of .993 with itself, docs/decisions/0002); alone
it is the same in every process, which a vector cache needs. Several texts run on several threads instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from kgqa.errors import ConfigurationError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

DIMENSIONS = 384


class OnnxEncoder:
    """Implements `ports.Embedder`. Cheap to make; the model (about 300 MB) is loaded at the first text.

    Safe to use from several threads. A forked process loads the model anew.
    """

    dimensions: int = DIMENSIONS

    def __init__(self, directory: Path, *, model: str = "", threads: int = 0) -> None:
        """`directory` has `model.onnx` and `tokenizer.json`; without `model` it names it. 0 threads: all cores."""
        self.model = model or directory.name
        self._directory = directory
        self._threads = threads or len(os.sched_getaffinity(0))
        self._loaded: tuple[int, Tokenizer, InferenceSession] | None = None

    def embed(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> npt.NDArray[np.float32]:
        """Unit rows (n, 384) in the order of `texts`. A text longer than 512 tokens is cut there."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        tokenizer, session = self._load()
        encodings = tokenizer.encode_batch_fast([f"{kind}: {text}" for text in texts])
        tokens = [np.array([encoding.ids], np.int64) for encoding in encodings]
        rows = np.empty((len(texts), self.dimensions), np.float32)

        def fill(number: int) -> None:
            (rows[number],) = session.run(None, {"input_ids": tokens[number]})[0]  # type: ignore[index]

        longest_first = sorted(range(len(tokens)), key=lambda number: -tokens[number].size)
        if self._threads == 1 or len(tokens) == 1:
            for number in longest_first:
                fill(number)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(fill, longest_first))
        return rows

    def _load(self) -> tuple[Tokenizer, InferenceSession]:
        if self._loaded is None or self._loaded[0] != os.getpid():
            import onnxruntime  # half a second, which `kgqa --help` need not pay
            from tokenizers import Tokenizer

            model = self._directory / "model.onnx"
            if not model.exists():
                raise ConfigurationError(f"The encoder is not in {self._directory}.", hint="run `kgqa up`.")
            options = onnxruntime.SessionOptions()  # pyright: ignore[reportAttributeAccessIssue] - made at run time
            options.intra_op_num_threads = 1  # texts run in parallel, not the parts of one
            options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(self._directory / "tokenizer.json"))
            self._loaded = (os.getpid(), tokenizer, session)
        return self._loaded[1], self._loaded[2]
