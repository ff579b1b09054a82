"""Word error rate of speech recognition: recordings of a folder against what was said in them.

A folder is laid out as the test data of CMU Sphinx: a file `*.transcription` has lines `<s> ten of clubs </s> (001)`,
and beside it is the recording `001.wav` (or another format that is read). The rate is rapidfuzz's Levenshtein distance
between the words that were heard and those that were said, over the number of words said. Words are runs of letters and
digits in lower case, whole numbers up to twenty as words, since `10 of clubs` is what was said. The interval resamples
recordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from kgqa.errors import InvalidInput
from kgqa.evaluation.parsing import words
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import RawDocument

RESAMPLES = 1_000
_LINE = re.compile(r"^\s*(?:<s>)?(.*?)(?:</s>)?\s*\(([^()\s]+)\)\s*$")
_SUFFIXES = (".wav", ".mp3", ".flac", ".m4a", ".ogg")
_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
_NUMBERS = _NAMES.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What was heard in one recording."""

    name: str
    said: str
    heard: str
    #: of `said`
    words: int
    #: words put in, left out or replaced
    edits: int
    #: why nothing was heard; empty: something was
    reason: str = ""


def recordings(folder: Path) -> list[tuple[Path, str]]:
    """Each recording below the folder with what is said in it, in the order of the lists. Raises InvalidInput."""
    found: list[tuple[Path, str]] = []
    for listing in sorted(folder.rglob("*.transcription")):
        for line in listing.read_text(encoding="utf-8").splitlines():
            match = _LINE.match(line)
            files = [listing.parent / f"{match[2]}{suffix}" for suffix in _SUFFIXES] if match else []
            if match is None or not (there := [path for path in files if path.is_file()]):
                raise InvalidInput(f"{listing.name} has a line without a recording: {line.strip()!r}.")
            found.append((there[0], " ".join(match[1].split())))
    if not found:
        raise InvalidInput(
            f"{folder} holds no *.transcription.", hint="its lines are `what is said (NAME)`, beside NAME.wav."
        )
    return found


def measure(listed: Sequence[tuple[Path, str]], options: IngestOptions) -> Iterator[Hearing]:
    """Each recording through the reader of documents."""
    for path, said in listed:
        raw = RawDocument(collection="speech", key=path.name, uri="", data=path.read_bytes())
        reading = read_document(raw, options)
        heard = " ".join(reading.document.text.split()) if reading.document else ""
        wanted = spoken(said)
        edits = Levenshtein.distance(spoken(heard), wanted)
        yield Hearing(name=path.name, said=said, heard=heard, words=len(wanted), edits=edits, reason=reading.reason)


def spoken(text: str) -> list[str]:
    """The words of a text as they are said.

    >>> spoken("10 of clubs, 5-5.")
    ['ten', 'of', 'clubs', 'five', 'five']
    """
    return [_NUMBERS[int(word)] if word.isdecimal() and int(word) < len(_NUMBERS) else word for word in words(text)]


def error_rate(hearings: Sequence[Hearing]) -> tuple[float, float, float]:
    """The word error rate of all of them, and its 95 % bootstrap interval."""
    counts = np.array([(hearing.edits, hearing.words) for hearing in hearings], dtype=np.float64)
    drawn = counts[np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / np.maximum(drawn[:, 1], 1), (0.025, 0.975))
    edits, said = counts.sum(axis=0)
    return float(edits / max(said, 1)), float(low), float(high)


def report(hearings: Sequence[Hearing]) -> dict[str, object]:
    """All of it for machines."""
    rate, low, high = error_rate(hearings)
    return {"word_error_rate": rate, "interval": [low, high], "recordings": [asdict(hearing) for hearing in hearings]}
