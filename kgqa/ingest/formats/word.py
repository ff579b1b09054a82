"""DOCX by python-docx: headings, paragraphs, lists and tables in order, and the core properties."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import docx
from docx.document import Document as DocxDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.office import checked, macro_warning, ordinary, properties
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Pieces and properties. Raises InvalidInput (damaged) or LimitExceeded (unpacks to too much)."""
    archive = checked(data, limits)
    try:
        document = docx.Document(io.BytesIO(ordinary(archive, data)))
    except KeyError as problem:
        raise InvalidInput(f"This DOCX file lacks a part: {problem}.", hint="open and save it again.") from None
    core = document.core_properties
    metadata = properties(core, core.author)
    return Parsed(pieces=tuple(_pieces(document)), metadata=metadata, warnings=macro_warning(archive))


def _pieces(document: DocxDocument) -> Iterator[Piece]:
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            rows = _rows(block)
            yield from rows_to_pieces(rows, has_header=names_columns(rows))
        elif block.text.strip():
            yield _paragraph(block)


def _paragraph(paragraph: Paragraph) -> Piece:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    heading = _HEADING.match(style)
    if heading or style.lower() == "title":
        return Piece(text=paragraph.text, kind="heading", level=int(heading[1]) if heading else 1)
    properties = paragraph._p.pPr  # pyright: ignore[reportPrivateUsage] - numbering has no public name
    is_list = style.lower().startswith("list") or (properties is not None and properties.numPr is not None)
    return Piece(text=paragraph.text, kind="list" if is_list else "paragraph")


def _rows(table: Table) -> list[list[str]]:
    """Texts of the cells; a merged cell counts once."""
    rows: list[list[str]] = []
    for row in table.rows:
        elements: list[object] = []
        texts: list[str] = []
        for cell in row.cells:
            element = cell._tc  # pyright: ignore[reportPrivateUsage] - equal for the parts of a merged cell
            if not elements or element is not elements[-1]:
                texts.append(cell.text)
            elements.append(element)
        rows.append(texts)
    return [row for row in rows if any(cell.strip() for cell in row)]
