"""XLSX by openpyxl: every sheet is a heading, every row names its columns; values as they were last computed.

A sheet may hold several tables (`formats.grid`). Dates are ISO 8601, whole numbers have no point.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats import grid
from kgqa.ingest.formats.office import checked, macro_warning, ordinary, properties
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Rows of all sheets that are shown. Raises InvalidInput (damaged) or LimitExceeded (cells, unpacked size)."""
    archive = checked(data, limits)
    try:
        workbook = load_workbook(io.BytesIO(ordinary(archive, data)), read_only=True, data_only=True, keep_links=False)
    except (KeyError, InvalidFileException) as problem:
        raise InvalidInput(f"This XLSX file lacks a part: {problem}.", hint="open and save it again.") from None
    hidden = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"]
    warnings = (f"Hidden sheets were left out: {', '.join(hidden)}.",) if hidden else ()
    pieces = tuple(_sheets(workbook, limits))
    creator = workbook.properties.creator
    metadata = properties(workbook.properties, None if creator == "openpyxl" else creator)
    workbook.close()
    return Parsed(pieces=pieces, metadata=metadata, warnings=(*warnings, *macro_warning(archive)))


def _sheets(workbook: Workbook, limits: ParseLimits) -> Iterator[Piece]:
    cells = 0
    for number, sheet in enumerate(workbook.worksheets, 1):
        if sheet.sheet_state != "visible":
            continue
        rows: list[list[str]] = []
        # Stated dimensions may be wrong (a million rows, or A1 alone): the rows themselves say what there is.
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            cells += max(1, len(row))
            if cells > limits.cells:
                raise LimitExceeded(
                    f"The sheets of this file have more than {limits.cells:,} cells.",
                    hint="split it, or export the rows that matter as CSV (KGQA_LIMITS__TABLE_CELLS).",
                )
            texts = [shown(value) for value in row]
            if any(texts) or (rows and rows[-1]):
                rows.append(texts if any(texts) else [])
        if any(rows):
            yield Piece(text=sheet.title, kind="heading", level=1, page=number)
            yield from grid.pieces(rows, number)


def shown(value: object) -> str:
    """A value as text.

    >>> [shown(v) for v in (3.0, 2.5, True, None, date(2024, 3, 4))]
    ['3', '2.5', 'yes', '', '2024-03-04']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return " ".join(str(value).split())
