"""WebVTT: what was said, cue by cue with its time; who speaks stands before it, and notes are left out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import Parsed, Piece

_BLOCKS = re.compile(r"\n[ \t]*\n")
_TIME = r"(?:(\d{1,6}):)?(\d\d):(\d\d\.\d{3})"
_TIMING = re.compile(rf"^{_TIME}[ \t]+-->(?:[ \t]+{_TIME})?", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]+)>")
_TAG = re.compile(r"<[^>]*>")


def read(text: str) -> Parsed:
    """A piece for each cue. Raises InvalidInput where the file is not WebVTT."""
    if not text.startswith("WEBVTT"):
        raise InvalidInput("This is not a WebVTT file.", hint="its first line has to be WEBVTT.")
    title = text.split("\n", 1)[0].removeprefix("WEBVTT").strip(" \t-")
    return Parsed(pieces=tuple(_cues(text)), metadata={"title": title} if title else {})


def _cues(text: str) -> Iterator[Piece]:
    for block in _BLOCKS.split(text)[1:]:
        lines = block.strip("\n").split("\n")
        at = next((at for at, line in enumerate(lines[:2]) if _TIMING.match(line.strip())), None)
        if at is None:
            continue  # a note, a style, a region
        said = "\n".join(lines[at + 1 :])
        spoken = _TAG.sub("", _VOICE.sub(lambda voice: f"{voice[1].strip()}: ", said))
        if shown := html.unescape(spoken).strip():
            yield Piece(text=shown, seconds=_span(lines[at].strip()))


def _span(timing: str) -> tuple[float, float] | None:
    """From and to of a cue; None where the second one is not stated or comes before the first."""
    found = _TIMING.match(timing)
    parts = found.groups() if found else ()
    if not parts or parts[-1] is None:
        return None
    first, last = (int(h or 0) * 3600 + int(m) * 60 + float(s) for h, m, s in (parts[:3], parts[3:]))
    return (first, last) if first <= last else None
