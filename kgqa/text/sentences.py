"""Sentences as spans, by rule and without a model, for any language that ends them with a mark.

A line is never joined to the next: where text has lines, they are headings, list items or table rows (parsing
unwraps paragraphs). Inside a line, a cut is made after a final mark and before something that does not start
lower-case, not after abbreviations and initials; a piece shorter than 25 characters joins its neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MINIMUM_CHARACTERS = 25
#: longest line that is kept whole because it looks like a table row
ROW_CHARACTERS = 600

_LINE = re.compile(r"[^\n]+")
_CUT = re.compile(
    r"(?<=[.!?])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[¿¡]*[^\Wa-z_])"  # marks that a space follows
    r"|(?<=[。！？])[”’」』）]*\s*(?=\S)"  # full-width marks, which no space has to follow
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Sr|Jr|vs|No|Nos|Nr|Inc|Ltd|Co|Corp|Gen|Col|Lt|Sgt|Prof|Rev|Hon|Mt|Ft|ca|c|b|d|r|fl|e\.g|i\.e"
    r"|approx|Vol|pp|ed|al|Fig|fig|cf|Sra|Srta|Dra|Ud|Uds|núm|pág|art|EE|Tel|tel|Art|max|min)|\b[A-Z]|\b[A-Z]\.[A-Z])\.$"
)
_ROW = re.compile(r"[^\W_][^:;]{0,40}: [^;]*; [^:;]{1,40}: ")
_CLOSING = "\"'”’»)]"


def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Spans (start, end) of the sentences: ordered, disjoint, trimmed, covering everything that is not space.

    >>> text = "Dr. Ruiz approved it on Monday. The pump restarts after that."
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['Dr. Ruiz approved it on Monday.', 'The pump restarts after that.']
    """
    return tuple(span for line in _LINE.finditer(text) for span in _line_spans(text, line.start(), line.end()))


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the space at its ends; empty (start == end) when there is nothing else."""
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    return start + lead, start + max(lead, len(piece.rstrip()))


def _line_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    start, end = trim(text, start, end)
    if start == end:
        return []
    if end - start <= ROW_CHARACTERS and _ROW.match(text, start, end):
        return [(start, end)]
    spans: list[tuple[int, int]] = []
    opened = start
    for cut in _cuts(text, start, end):
        piece = trim(text, opened, cut)
        if cut < end and (piece[1] - piece[0] < MINIMUM_CHARACTERS or _ends_in_abbreviation(text, piece[1])):
            continue
        if piece[1] - piece[0] < MINIMUM_CHARACTERS and spans:
            spans[-1] = (spans[-1][0], piece[1])
        elif piece[0] < piece[1]:
            spans.append(piece)
        opened = cut
    return spans


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    for cut in _CUT.finditer(text, start, end):
        if start < cut.end() < end:
            yield cut.end()
    yield end


def _ends_in_abbreviation(text: str, end: int) -> bool:
    tail = text[max(0, end - 16) : end].rstrip(_CLOSING)
    return _ABBREVIATION.search(tail) is not None
