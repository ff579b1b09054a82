"""AsciiDoc: titles, paragraphs, lists, tables, code and captions; macros give their text, comments nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kgqa.ingest.formats.parsed import Parsed, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

_HEADING = re.compile(r"(={1,6})[ \t]+(\S.*)")
_ITEM = re.compile(r"[ \t]*(?:(\d+\.)|[*-]{1,5}|\.{1,5})[ \t]+(\S.*)")
_ATTRIBUTE = re.compile(r":([\w-]+):[ \t]*(.*)")
_FENCE = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,})[ \t]*")
_IMAGE = re.compile(r"image::?\S*?\[([^\],]*)[^\]]*\]")
_LINK = re.compile(r"(?:link:|xref:|https?://)\S*?\[([^\]]+)\]")
_CROSS = re.compile(r"<<[^,>]+,([^>]+)>>")
_MARKS = re.compile(r"(?<!\w)(\*{1,2}|_{1,2}|`{1,2}|#{1,2})(?=\S)(.+?)(?<=\S)\1(?!\w)")
_CELL = re.compile(r"(?:\d*(?:\.\d+)?\+)?[<^>]?[aemsdhl]?\|")
_LITERAL = "-.+"


def read(text: str) -> Parsed:
    """Pieces of a document; attributes of its header become metadata."""
    lines = text.split("\n")
    metadata: dict[str, str] = {}
    for line in lines[:30]:
        if (found := _ATTRIBUTE.fullmatch(line.strip())) and found[1] in ("author", "description", "keywords"):
            metadata[found[1]] = found[2].strip()
    return Parsed(pieces=tuple(_Reader(lines).read()), metadata=metadata)


class _Reader:
    """The lines, and where the reader is among them."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._open: list[str] = []

    def read(self) -> Iterator[Piece]:
        while self._at < len(self._lines):
            line = self._lines[self._at].strip()
            self._at += 1
            if not line:
                yield from self._flush()
            elif line.startswith("|"):
                yield from self._flush()
                yield from self._table(is_fenced=line.startswith("|==="))
            elif (fence := _FENCE.fullmatch(line)) and fence[1][0] in _LITERAL:
                yield from self._flush()
                yield Piece(text="\n".join(self._until(line)), kind="code")
            elif not self._is_markup(line):
                yield from self._line(self._lines[self._at - 1])
        yield from self._flush()

    def _is_markup(self, line: str) -> bool:
        """Comments, attributes, block options and the fences of quotes and examples, whose text is ordinary text."""
        is_option = line.startswith("[") and line.endswith("]")
        is_fence = _FENCE.fullmatch(line) is not None or line == "--"
        return line.startswith("//") or is_option or is_fence or bool(_ATTRIBUTE.fullmatch(line))

    def _line(self, line: str) -> Iterator[Piece]:
        if heading := _HEADING.fullmatch(line.strip()):
            yield from self._flush()
            yield Piece(text=_inline(heading[2]), kind="heading", level=len(heading[1]))
        elif item := _ITEM.fullmatch(line):
            yield from self._flush()
            yield Piece(text=_inline(f"{item[1] or ''} {item[2]}".strip()), kind="list")
        elif re.match(r"\.[^\s.]", line):
            yield from self._flush()
            yield Piece(text=_inline(line[1:].strip()))
        else:
            self._open.append(line)

    def _flush(self) -> Iterator[Piece]:
        if self._open:
            yield Piece(text=_inline(" ".join(line.strip() for line in self._open)))
            self._open = []

    def _until(self, fence: str) -> list[str]:
        start = self._at
        while self._at < len(self._lines) and self._lines[self._at].strip() != fence:
            self._at += 1
        self._at += 1
        return self._lines[start : self._at - 1]

    def _table(self, *, is_fenced: bool) -> Iterator[Piece]:
        """Rows of a table; with every cell on a line of its own, blank lines part the rows."""
        if is_fenced:
            lines = self._until("|===")
        else:
            first = self._at - 1
            while self._at < len(self._lines) and self._lines[self._at].strip().startswith("|"):
                self._at += 1
            lines = self._lines[first : self._at]
        rows: list[list[str]] = [[]]
        for line in lines:
            cells = [_inline(cell.strip()) for cell in _CELL.split(line)[1:]]
            if len(cells) > 1 or (not line.strip() and rows[-1]):
                rows.append([])
            if cells:
                rows[-1] += cells
            elif line.strip() and rows[-1]:
                rows[-1][-1] += " " + _inline(line.strip())
        rows = [row for row in rows if any(row)]
        yield from rows_to_pieces(rows, has_header=names_columns(rows))


def _inline(text: str) -> str:
    for pattern in (_IMAGE, _LINK, _CROSS):
        text = pattern.sub(r"\1", text)
    return _MARKS.sub(r"\2", text).strip()
