"""A statement: one sentence of an answer with the passages that are to support it."""

from __future__ import annotations

from dataclasses import dataclass

from kgqa.model.answer import EvidenceChunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A span of an evidence chunk; offsets relative to the chunk."""

    chunk: EvidenceChunk
    start: int
    end: int

    @property
    def text(self) -> str:
        """The quoted text, as it stands in the document."""
        return self.chunk.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence of an answer."""

    text: str
    quotes: tuple[Quote, ...]


def folded(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())
