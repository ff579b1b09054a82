"""A question-answering model on this machine, by `transformers`: the span of a text that answers a question.

The head of Devlin et al., "BERT" (arXiv:1810.04805), section 4.3: a score for each token to start and to end the
answer; the first token stands for "the text does not say".
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from kgqa.adapters.models.extra import device_of, library, model_folder, transformers

#: longest input in tokens: question and text together; the end of the text is cut
_TOKENS = 512
#: longest span in tokens
_SPAN_TOKENS = 30


class TransformersReader:
    """Implements `ask.read.SpanReader`. The model is loaded at the first question."""

    def __init__(self, directory: Path, *, device: str = "auto") -> None:
        """`directory` is a folder of transformers with a question-answering model and a fast tokenizer."""
        self.model = model_folder(directory).name
        self._directory = directory
        self._device = device
        self._lock = Lock()
        self._loaded: tuple[int, Any, Any] | None = None

    def read(self, question: str, text: str) -> tuple[int, int] | None:
        """Offsets into `text` of the best span; None where the model says that the text does not answer."""
        if not text.strip():
            return None
        with self._lock:
            tokenizer, model = self._load()
            encoded = tokenizer(
                question,
                text,
                truncation="only_second",
                max_length=min(_TOKENS, int(model.config.max_position_embeddings)),
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets = encoded.pop("offset_mapping")[0].tolist()
            inside = [part == 1 for part in encoded.sequence_ids(0)]
            with library("torch").inference_mode():
                output = model(**encoded.to(model.device))
        starts, ends = (scores[0].float().cpu().numpy() for scores in (output.start_logits, output.end_logits))
        best = best_span(starts, ends, np.array(inside))
        return (offsets[best[0]][0], offsets[best[1]][1]) if best else None

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None or self._loaded[0] != os.getpid():
            loaders, folder = transformers(), str(self._directory)
            tokenizer = loaders.AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
            model = loaders.AutoModelForQuestionAnswering.from_pretrained(folder, local_files_only=True)
            self._loaded = (os.getpid(), tokenizer, model.to(device_of(self._device)).eval())
        return self._loaded[1], self._loaded[2]


def best_span(
    starts: npt.NDArray[np.float32], ends: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]
) -> tuple[int, int] | None:
    """First and last token of the best span of tokens `inside` the text; None where token 0 scores as much."""
    count = len(starts)
    first, last = np.ogrid[:count, :count]
    allowed = (first <= last) & (last < first + _SPAN_TOKENS) & inside[:, None] & inside
    if not allowed.any():
        return None
    scores = np.where(allowed, starts[:, None] + ends, -np.inf)
    start, end = divmod(int(scores.argmax()), count)
    return (start, end) if scores[start, end] > starts[0] + ends[0] else None
