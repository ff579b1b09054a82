"""An encoder by `sentence-transformers`: for a GPU, for training, and for models trained here (docs/models.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kgqa.adapters.models.extra import device_of, digest, library, model_folder, transformers
from kgqa.errors import ConfigurationError

_BATCH_SIZE = 32


class SentenceTransformersEmbedder:
    """Implements `ports.Embedder`. The model is loaded at the first text, anew in a forked process.

    Safe to use from several threads, one at a time. In a batch a vector differs from the text's vector alone in the
    last bits of a 32-bit number, which the 16 bits of the index do not keep.
    """

    def __init__(self, directory: Path, *, device: str = "auto", threads: int = 0) -> None:
        """`directory` is a folder of sentence-transformers. 0 threads: as many as torch takes."""
        folder = model_folder(directory)
        self.model = f"sentence-transformers-{digest(folder)}"
        self.dimensions = int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])
        self._directory = folder
        self._device = device
        self._threads = threads
        self._lock = Lock()
        self._loaded: tuple[int, Any] | None = None

    def embed(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> npt.NDArray[np.float32]:
        """Unit rows (n, dimensions) in the order of `texts`, under the folder's own prompt for this kind."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        with self._lock:
            model = self._load()
            rows: npt.NDArray[np.float32] = model.encode(
                list(texts),
                prompt=_prompt(model.prompts, kind),
                batch_size=_BATCH_SIZE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        if rows.shape[1] != self.dimensions:
            raise ConfigurationError(
                f"{self._directory} gives vectors of {rows.shape[1]} numbers, its config.json says {self.dimensions}."
            )
        return rows.astype(np.float32, copy=False)

    def _load(self) -> Any:
        if self._loaded is None or self._loaded[0] != os.getpid():
            transformers()
            device = device_of(self._device)
            if self._threads:
                library("torch").set_num_threads(self._threads)
            made = library("sentence_transformers").SentenceTransformer(
                str(self._directory), device=device, local_files_only=True
            )
            self._loaded = (os.getpid(), made)
        return self._loaded[1]


def _prompt(prompts: dict[str, str], kind: str) -> str:
    """Sentence-transformers calls passages documents; a folder may have a prompt for either, or none."""
    return prompts.get(kind) or (prompts.get("document", "") if kind == "passage" else "")
