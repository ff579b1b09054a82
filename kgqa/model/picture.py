"""What is read in a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedLine:
    """A line of text in a picture, with its box in pixels from the upper left corner of the upright picture."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
