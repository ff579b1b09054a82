"""OpenDocument by lxml: ODT, ODS and ODP share one XML, so one reader walks it.

Headings, paragraphs, lists, tables, notes and, of presentations, slides (the title as heading, the number as page).
"""

from __future__ import annotations

from collections.abc import Iterator

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats import grid, markup
from kgqa.ingest.formats.markup import Element
from kgqa.ingest.formats.office import checked, macro_warning
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
#: a cell or row repeated more often than this is empty space to the edge of the sheet
REPEATS = 100
_METADATA = {
    "title": "title", "subject": "subject", "creator": "author", "initial-creator": "author", "date": "modified",
    "creation-date": "created", "keyword": "keywords", "description": "description",
}  # fmt: skip
_DROPPED = frozenset((
    f"{_TEXT}tracked-changes", f"{_TEXT}sequence-decls", f"{_OFFICE}forms", f"{_OFFICE}annotation", f"{_TEXT}bookmark",
    f"{_TEXT}index-title-template", f"{_PRESENTATION}notes",
))  # fmt: skip


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Pieces and properties. Raises InvalidInput (damaged, encrypted) or LimitExceeded."""
    archive = checked(data, limits)
    if "META-INF/manifest.xml" in archive.names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise InvalidInput("This file is password-protected.", hint="save it without a password.")
    body = markup.parse(archive.read("content.xml")).find(f"{_OFFICE}body")
    if body is None:
        raise InvalidInput("This OpenDocument file has no content.", hint="open and save it again.")
    pieces = tuple(_Reader(limits).read(body))
    metadata = _metadata(archive.read("meta.xml")) if "meta.xml" in archive.names else {}
    return Parsed(pieces=pieces, metadata=metadata, warnings=macro_warning(archive))


class _Reader:
    """Where the reader is: the slide, and how many cells it has seen."""

    def __init__(self, limits: ParseLimits) -> None:
        self._limits = limits
        self._page: int | None = None
        self._cells = 0

    def read(self, body: Element) -> Iterator[Piece]:
        for number, page in enumerate(body.iter(f"{_DRAW}page"), 1):
            self._page = number
            if number > self._limits.pages:
                raise LimitExceeded(f"This file has more than {self._limits.pages} slides.", hint="split it.")
            yield from self._slide(page)
        if self._page is None:
            yield from self._blocks(body, "paragraph")

    def _slide(self, page: Element) -> Iterator[Piece]:
        """The title first, wherever it stands, then the rest, then the notes."""
        title = next((frame for frame in page if frame.get(f"{_PRESENTATION}class") == "title"), None)
        if title is not None and (text := markup.text_of(title)):
            yield Piece(text=text, kind="heading", level=1, page=self._page)
        for child in page:
            if child is not title:
                yield from self._blocks(child, "paragraph")
        for notes in page.iter(f"{_PRESENTATION}notes"):
            yield from self._children(notes, "paragraph")

    def _blocks(self, node: Element, kind: str) -> Iterator[Piece]:
        tag = node.tag
        if tag in _DROPPED or not isinstance(tag, str):
            return
        if tag == f"{_TEXT}h":
            level = int(node.get(f"{_TEXT}outline-level") or 1)
            yield Piece(text=_inline(node), kind="heading", level=level, page=self._page)
        elif tag == f"{_TEXT}p":
            yield Piece(text=_inline(node), kind=kind, page=self._page)
            yield from self._inside(node)
        elif tag == f"{_TABLE}table":
            yield from self._table(node)
        else:
            yield from self._children(node, "list" if tag == f"{_TEXT}list-item" else kind)

    def _children(self, node: Element, kind: str) -> Iterator[Piece]:
        for child in node:
            yield from self._blocks(child, kind)

    def _inside(self, paragraph: Element) -> Iterator[Piece]:
        """Text boxes and notes that hang on a paragraph, after it."""
        for part in paragraph.iter(f"{_DRAW}text-box", f"{_TEXT}note-body"):
            yield from self._children(part, "paragraph")

    def _table(self, table: Element) -> Iterator[Piece]:
        name = table.get(f"{_TABLE}name")
        is_sheet = table.getparent() is not None and table.getparent().tag == f"{_OFFICE}spreadsheet"  # pyright: ignore[reportOptionalMemberAccess]
        if name and is_sheet:
            yield Piece(text=name, kind="heading", level=1)
        rows: list[list[str]] = []
        for row in table.iter(f"{_TABLE}table-row"):
            cells = self._row(row)
            repeats = min(int(row.get(f"{_TABLE}number-rows-repeated") or 1), REPEATS) if any(cells) else 1
            rows += [cells] * repeats
        if is_sheet:
            yield from grid.pieces(rows, self._page)
        else:
            rows = [row for row in rows if row]
            yield from rows_to_pieces(rows, has_header=names_columns(rows), page=self._page)

    def _row(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            text = " ".join(_inline(part) for part in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))
            repeats = int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
            cells += [text.strip()] * (min(repeats, REPEATS) if repeats <= REPEATS or text.strip() else 1)
        while cells and not cells[-1]:
            cells.pop()
        self._cells += len(cells)
        if self._cells > self._limits.cells:
            raise LimitExceeded(
                f"The tables of this file have more than {self._limits.cells:,} cells.",
                hint="split the file (KGQA_LIMITS__TABLE_CELLS).",
            )
        return cells


def _inline(node: Element) -> str:
    """Text of a paragraph; tabs, spaces and line ends are elements of their own, boxes and notes come after it."""
    parts = [node.text or ""]
    for child in node:
        if child.tag in (f"{_TEXT}s", f"{_TEXT}tab"):
            parts.append(" " * min(int(child.get(f"{_TEXT}c") or 1), 20))
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag not in _DROPPED and child.tag not in (f"{_TEXT}note", f"{_DRAW}frame", f"{_DRAW}custom-shape"):
            parts.append(_inline(child) if isinstance(child.tag, str) else "")
        parts.append(child.tail or "")
    return "".join(parts)


def _metadata(data: bytes) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for node in markup.parse(data).iter():
        name = str(node.tag).rsplit("}", 1)[-1]
        text = " ".join((node.text or "").split())
        if name in _METADATA and text:
            metadata.setdefault(_METADATA[name], text)
    return metadata
