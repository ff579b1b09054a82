"""What is heard in a recording."""

from __future__ import annotations

from dataclasses import dataclass

#: samples a second of sound that is recognised, one channel
SAMPLE_RATE = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Some words that were said in one go, in seconds from the start of the recording."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All that was said, in its order; nothing where nobody speaks."""

    utterances: tuple[Utterance, ...]
    #: ISO 639-1 of what is spoken most; empty where nobody speaks
    language: str = ""
    #: speech of which nothing sensible could be made, left out
    unclear_seconds: float = 0.0
