"""Plain text: paragraphs between blank lines, list items, and lines that were wrapped to a width joined again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kgqa.ingest.formats.parsed import Parsed, Piece

#: lengths of a line that was wrapped to a width, and so goes on in the next one
WRAPPED_CHARACTERS = range(55, 121)

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_ITEM = re.compile(r"[ \t]*(?:[-*•‣·–]|\(?\d{1,3}[.)])[ \t]+(?=\S)")
_UNDERLINE = re.compile(r"(=|-|~)\1{2,}[ \t]*")


def read(text: str) -> Parsed:
    """Pieces of a text. A line underlined with === or --- is a heading."""
    return Parsed(pieces=tuple(pieces(text)))


def pieces(text: str) -> Iterator[Piece]:
    """Paragraphs, list items and underlined headings, in order."""
    for paragraph in _PARAGRAPHS.split(text):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if len(lines) >= 2 and _UNDERLINE.fullmatch(lines[1].strip()) and len(lines[0].strip()) <= 120:
            yield Piece(text=lines[0].strip(), kind="heading", level=1 if "=" in lines[1] else 2)
            lines = lines[2:]
        yield from _blocks(lines)


def unwrap(lines: list[str]) -> str:
    """Lines as one text: wrapped ones are joined, others keep their line."""
    joined: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and not _ITEM.match(line):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line.strip())
        goes_on = len(line.rstrip()) in WRAPPED_CHARACTERS
    return "\n".join(joined)


def _blocks(lines: list[str]) -> Iterator[Piece]:
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or _ITEM.match(lines[place]):
            kind = "list" if _ITEM.match(lines[start]) else "paragraph"
            if text := unwrap(lines[start:place]):
                yield Piece(text=text, kind=kind)
            start = place
