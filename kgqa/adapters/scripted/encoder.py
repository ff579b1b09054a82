"""An encoder without a model, for tests of the plumbing: texts that share letters are near each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

DIMENSIONS = 384


class HashingEncoder:
    """Implements `ports.Embedder`: signed, hashed counts of the 3 to 5 letter pieces of each word.

    The same text has the same vector in every process, and `kind` makes no difference.
    """

    def __init__(self, *, dimensions: int = DIMENSIONS) -> None:
        self.dimensions = dimensions
        self.model = "hashing-1" if dimensions == DIMENSIONS else f"hashing-1-{dimensions}"

    def embed(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> npt.NDArray[np.float32]:  # noqa: ARG002
        """Unit rows (n, dimensions) in the order of `texts`."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for piece in _pieces(text):
                number = int.from_bytes(hashlib.blake2b(piece.encode(), digest_size=8).digest(), "little")
                row[number % self.dimensions] += 1 if number >> 63 else -1
            if not row.any():
                row[0] = 1  # a text without letters still has a direction
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _pieces(text: str) -> Iterator[str]:
    for word in text.casefold().split():
        marked = f"<{word}>"
        for length in (3, 4, 5):
            for start in range(max(1, len(marked) - length + 1)):
                yield marked[start : start + length]
