"""DOCX by python-docx: headings, paragraphs, lists, tables, text boxes and formulas in order; core properties."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document as DocxDocument
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.office import checked, macro_warning, ordinary, properties
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXTS = frozenset((qn("w:t"), qn("m:t")))
_SPACES = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_LEFT_OUT = frozenset((qn("w:pPr"), qn("w:rPr"), qn("w:txbxContent"), qn("w:del"), qn("w:tbl"), _FALLBACK))
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
    yield from _blocks(document.element.body, document)


def _blocks(parent: Any, document: DocxDocument) -> Iterator[Piece]:
    """Paragraphs and tables in order, also those in content controls; text boxes after the paragraph they hang on."""
    for element in parent:
        if element.tag == qn("w:tbl"):
            rows = _rows(Table(element, document))  # pyright: ignore[reportArgumentType] - a part of its body
            yield from rows_to_pieces(rows, has_header=names_columns(rows))
        elif element.tag == qn("w:sdt"):
            for content in element.iterchildren(qn("w:sdtContent")):
                yield from _blocks(content, document)
        elif element.tag == qn("w:p"):
            paragraph = Paragraph(element, document)  # pyright: ignore[reportArgumentType]
            if text := _text(element):
                yield _paragraph(paragraph, text)
            for box in element.iter(qn("w:txbxContent")):
                # The same box is there twice: for old programs it is drawn in another way.
                if next(box.iterancestors(_FALLBACK), None) is None:
                    yield from _blocks(box, document)


def _text(paragraph: Any) -> str:
    """Text of runs, links, content controls and formulas; not of text boxes, nor of what was deleted."""
    parts: list[str] = []
    todo = [paragraph]
    while todo:
        element = todo.pop()
        if element.tag in _TEXTS:
            parts.append(element.text or "")
        elif element.tag in _SPACES:
            parts.append(_SPACES[element.tag])
        elif element.tag not in _LEFT_OUT:
            todo.extend(reversed(element))
    return "".join(parts)


def _paragraph(paragraph: Paragraph, text: str) -> Piece:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    heading = _HEADING.match(style)
    if heading or style.lower() == "title":
        return Piece(text=text, kind="heading", level=int(heading[1]) if heading else 1)
    properties = paragraph._p.pPr  # pyright: ignore[reportPrivateUsage] - numbering has no public name
    is_list = style.lower().startswith("list") or (properties is not None and properties.numPr is not None)
    return Piece(text=text, kind="list" if is_list else "paragraph")


def _rows(table: Table) -> list[list[str]]:
    """Texts of the cells; a merged cell counts once."""
    rows: list[list[str]] = []
    for row in table.rows:
        elements: list[object] = []
        texts: list[str] = []
        for cell in row.cells:
            element = cell._tc  # pyright: ignore[reportPrivateUsage] - equal for the parts of a merged cell
            if not elements or element is not elements[-1]:
                texts.append("\n".join(_text(paragraph) for paragraph in element.iter(qn("w:p"))))
            elements.append(element)
        rows.append(texts)
    return [row for row in rows if any(cell.strip() for cell in row)]
