"""Sentences of a language model's reply, as they complete. What it writes is not believed; `verify` decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kgqa.errors import ModelOutputError

_END = re.compile(r"[.!?。！？](?:\s*\[\d+(?:\s*,\s*\d+)*\])*[\"'”’)\]]*(?=\s)|\n+")
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|Inc|Ltd|Co|Corp|vs|approx|Fig|e\.g|i\.e|Sr|Sra)|\b[A-Z])\.$")
#: a reply longer than this is no short answer but a model that runs away
MOST_CHARACTERS = 8_000


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Complete sentences of a stream of pieces. Raises ModelOutputError for an empty or endless reply."""
    buffer, total = "", 0
    for piece in pieces:
        buffer += piece
        total += len(piece)
        if total > MOST_CHARACTERS:
            raise ModelOutputError("The model does not stop writing.")
        while (cut := _cut(buffer)) is not None:
            sentence, buffer = buffer[:cut].strip(), buffer[cut:]
            if sentence:
                yield sentence
    if buffer.strip():
        yield buffer.strip()
    if not total:
        raise ModelOutputError("The model's reply is empty.")


def _cut(text: str) -> int | None:
    for match in _END.finditer(text):
        if not _ABBREVIATED.search(text[: match.start() + 1]):
            return match.end()
    return None
