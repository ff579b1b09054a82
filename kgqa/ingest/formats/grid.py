"""Tables on a sheet of cells: where they are, which row names their columns, and their rows as text.

A sheet is cut at empty rows, and where that leaves tables beside each other, at empty columns (an X-Y cut). Columns
that are empty inside a table, as accountants leave them, do not cut it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kgqa.ingest.formats.parsed import Piece
from kgqa.ingest.formats.table import is_number, rows_to_pieces

Row = Sequence[str]

#: a part of a sheet with fewer columns is no table of its own beside another
LEAST_COLUMNS = 2


def pieces(rows: Sequence[Row], page: int | None) -> Iterator[Piece]:
    """Rows of all tables; a line above a table that fills one cell is its caption."""
    for table in tables(rows):
        body = list(table)
        while len(body) > 1 and sum(map(bool, body[0])) == 1 and max(sum(map(bool, row)) for row in body[1:]) > 1:
            yield Piece(text=next(filter(None, body.pop(0))), page=page)
        yield from rows_to_pieces(body, has_header=_names_columns(body), page=page)


def tables(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The tables from top to bottom and left to right, each without empty rows and columns around it."""
    for stretch in _stretches(rows):
        width = max(len(row) for row in stretch)
        padded = [[*row, *[""] * (width - len(row))] for row in stretch]
        filled = [any(row[at] for row in padded) for at in range(width)]
        parts = _columns(filled)
        if len(parts) == 1 or any(end - start < LEAST_COLUMNS for start, end in parts):
            yield [row[parts[0][0] : parts[-1][1]] for row in padded]
        else:
            for start, end in parts:
                yield from tables([row[start:end] for row in padded])


def _stretches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows between empty ones."""
    stretch: list[Row] = []
    for row in [*rows, []]:
        if any(row):
            stretch.append(row)
        elif stretch:
            yield stretch
            stretch = []


def _columns(filled: Sequence[bool]) -> list[tuple[int, int]]:
    """Stretches of columns that are not empty."""
    parts: list[tuple[int, int]] = []
    for at, is_filled in enumerate(filled):
        if is_filled and parts and parts[-1][1] == at:
            parts[-1] = (parts[-1][0], at + 1)
        elif is_filled:
            parts.append((at, at + 1))
    return parts


def _names_columns(rows: Sequence[Row]) -> bool:
    """Whether the first row is a header: several cells, nearly all filled, none of them a number, not all alike."""
    first = [cell for cell in rows[0] if cell]
    wide = max(sum(map(bool, row)) for row in rows)
    numbers = any(is_number(cell) for cell in first)
    return len(rows) > 1 and len(first) > 1 and len(first) >= wide - 1 and len(set(first)) > 1 and not numbers
