"""DOCX by python-docx: headings, paragraphs, lists and tables in order, and the core properties."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime

import docx
from docx.document import Document as DocxDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece
from kgqa.ingest.formats.table import looks_like_header, rows_to_pieces

#: unpacked sizes below this are never a bomb
SMALL_BYTES = 10_000_000

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Pieces and properties. Raises InvalidInput (damaged) or LimitExceeded (unpacks to too much)."""
    check_archive(data, limits)
    try:
        document = docx.Document(io.BytesIO(data))
    except KeyError as problem:
        raise InvalidInput(f"This DOCX file lacks a part: {problem}.", hint="open and save it again.") from None
    return Parsed(pieces=tuple(_pieces(document)), metadata=_metadata(document))


def check_archive(data: bytes, limits: ParseLimits) -> None:
    """Refuse an archive that is damaged, encrypted, or much larger unpacked than packed."""
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as problem:
        raise InvalidInput(f"This file is damaged: {problem}.", hint="check that it was copied completely.") from None
    if any(member.flag_bits & 1 for member in members):
        raise InvalidInput("This file is password-protected.", hint="save it without a password.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > SMALL_BYTES and unpacked > limits.expansion * len(data):
        raise LimitExceeded(
            f"This file unpacks to {unpacked:,} bytes, more than {limits.expansion} times its size.",
            hint="split the document, or remove its images.",
        )


def _pieces(document: DocxDocument) -> Iterator[Piece]:
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            rows = _rows(block)
            has_header = len(rows) > 1 and len(rows[0]) > 1 and looks_like_header(rows[0])
            yield from rows_to_pieces(rows, has_header=has_header)
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


def _metadata(document: DocxDocument) -> dict[str, str]:
    properties = document.core_properties
    found: dict[str, str | datetime | None] = {
        "title": properties.title,
        "author": properties.author,
        "subject": properties.subject,
        "keywords": properties.keywords,
        "created": properties.created,
        "modified": properties.modified,
    }
    texts = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
    return {name: text.strip() for name, text in texts.items() if text and text.strip()}
