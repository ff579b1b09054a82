"""Where a long stretch of text is cut.

Text is a row of units (sentences, table rows) with seams between them. A seam is a cut when it is the strongest within
half a target of tokens to both sides: sections before paragraphs before list items and rows before sentences; equal
seams are ordered by a hash of the text that follows. So a cut depends on the text around it only, and an edit moves the
cuts near it and no others (content-defined chunking by local maxima: Bjorner, Blass and Gurevich, 2010). What is still
too long is halved at the strongest seam of its middle.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise

from kgqa.model.document import Block
from kgqa.model.identity import stable_id
from kgqa.text.sentences import sentence_spans, trim

_WORD = re.compile(r"\S+")


class Seam(IntEnum):
    """How well a text can be cut before a unit."""

    #: after a heading: only when there is no other way
    GLUED = 0
    #: inside a sentence or row that is too long as a whole
    WORD = 1
    SENTENCE = 2
    #: between list items or table rows
    ITEM = 3
    BLOCK = 4
    SECTION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is not cut: a sentence, a table row, or a piece of an overlong one."""

    #: offsets into the document's text, without space at the ends
    start: int
    end: int
    tokens: int
    #: the seam before it
    seam: Seam
    #: index of its block
    block: int


# A cut's order among others: strength, then a hash of what follows, then the earlier one.
_Key = tuple[int, int, int]


def block_units(
    text: str, index: int, blocks: Sequence[Block], count_tokens: Callable[[str], int], max_tokens: int
) -> list[Unit]:
    """Units of one block, none of them longer than `max_tokens` unless a single character is."""
    block = blocks[index]
    whole = trim(text, block.start, block.end)
    spans = [whole] if block.kind in ("table", "heading") else _sentences(text, block)
    if block.kind == "table" and count_tokens(text[slice(*whole)]) > max_tokens:
        spans = _sentences(text, block)
    units: list[Unit] = []
    for start, end in spans:
        for place, piece in enumerate(_pieces(text, start, end, count_tokens, max_tokens)):
            seam = Seam.WORD if place else Seam.SENTENCE if units else _seam_before(text, index, blocks)
            tokens = count_tokens(text[slice(*piece)])
            units.append(Unit(start=piece[0], end=piece[1], tokens=tokens, seam=seam, block=index))
    return units


def segments(text: str, units: Sequence[Unit], target_tokens: int, max_tokens: int) -> Iterator[Sequence[Unit]]:
    """Runs of units, in order, each at most `max_tokens` long."""
    if not units:
        return
    ends = list(accumulate(unit.tokens for unit in units))
    keys = [_key(text, unit, index) for index, unit in enumerate(units)] if ends[-1] > max_tokens else []
    cuts = _local_maxima(ends, keys, target_tokens // 2) if keys else []
    todo = list(reversed(list(pairwise([0, *cuts, len(units)]))))
    while todo:
        first, last = todo.pop()
        before = ends[first - 1] if first else 0
        if last - first == 1 or ends[last - 1] - before <= max_tokens:
            yield units[first:last]
        else:
            cut = _middle(ends, keys, first, last)
            todo += [(cut, last), (first, cut)]


def _sentences(text: str, block: Block) -> list[tuple[int, int]]:
    spans = sentence_spans(text[block.start : block.end])
    return [(block.start + start, block.start + end) for start, end in spans]


def _seam_before(text: str, index: int, blocks: Sequence[Block]) -> Seam:
    if index == 0:
        return Seam.SECTION
    block, previous = blocks[index], blocks[index - 1]
    if previous.kind == "heading":
        return Seam.GLUED
    if block.heading_path != previous.heading_path:
        return Seam.SECTION
    if block.kind == previous.kind and block.kind in ("list", "table"):
        return Seam.ITEM
    introduces = text[previous.start : previous.end].rstrip().endswith(":")
    return Seam.SENTENCE if introduces else Seam.BLOCK


def _pieces(
    text: str, start: int, end: int, count_tokens: Callable[[str], int], max_tokens: int
) -> Iterator[tuple[int, int]]:
    """The span, or where it is too long, halves of it: at the word nearest to the middle, else at a character."""
    todo = [(start, end)]
    while todo:
        start, end = trim(text, *todo.pop())
        if start == end:
            continue
        if end - start == 1 or count_tokens(text[start:end]) <= max_tokens:
            yield start, end
            continue
        middle = (start + end) // 2
        word = _WORD.search(text, text.rfind(" ", start, middle) + 1 or middle, end)
        cut = word.start() if word and start < word.start() < end else middle
        todo += [(cut, end), (start, cut)]


def _key(text: str, unit: Unit, index: int) -> _Key:
    return unit.seam, stable_id("seam", text[unit.start : unit.end]), -index


def _local_maxima(ends: Sequence[int], keys: Sequence[_Key], radius: int) -> list[int]:
    """Indexes of units whose seam is the strongest within `radius` tokens and not too near to an end."""
    window: deque[int] = deque()
    reached = 1
    cuts: list[int] = []
    for index in range(1, len(keys)):
        position = ends[index - 1]
        while reached < len(keys) and ends[reached - 1] <= position + radius:
            while window and keys[window[-1]] < keys[reached]:
                window.pop()
            window.append(reached)
            reached += 1
        while ends[window[0] - 1] < position - radius:
            window.popleft()
        is_inside = min(position, ends[-1] - position) >= radius // 2
        if window[0] == index and is_inside and keys[index][0] > Seam.GLUED:
            cuts.append(index)
    return cuts


def _middle(ends: Sequence[int], keys: Sequence[_Key], first: int, last: int) -> int:
    """The strongest seam in the middle half of units first..last, else the seam nearest to the middle."""
    before = ends[first - 1] if first else 0
    total = ends[last - 1] - before
    inside = [
        index
        for index in range(first + 1, last)
        if total <= 4 * (ends[index - 1] - before) <= 3 * total and keys[index][0] > Seam.GLUED
    ]
    if inside:
        return max(inside, key=lambda index: keys[index])
    return min(range(first + 1, last), key=lambda index: abs(2 * (ends[index - 1] - before) - total))
