"""Rows of tables as text, for every format that has tables, and the reader of CSV and TSV files.

A row reads "Column: value; Column: value", so that it can be understood, searched and quoted without its header.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import Parsed, Piece

DELIMITERS = ",;\t|"
#: lines that are looked at to find the delimiter
SAMPLE_LINES = 20

_NUMBER = re.compile(r"[\d\s.,:/%+€$£-]+")


def read(text: str, delimiter: str | None = None) -> Parsed:
    """Rows of delimited text; its first row names the columns unless it holds numbers."""
    delimiter = delimiter or _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as problem:
        raise InvalidInput(
            f"This is not a readable table: {problem}.", hint="check the quotes and the delimiter of the file."
        ) from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    has_header = len(rows) > 1 and not any(is_number(cell) for cell in rows[0] if cell.strip())
    return Parsed(pieces=tuple(rows_to_pieces(rows, has_header=has_header)))


def rows_to_pieces(rows: Sequence[Sequence[str]], *, has_header: bool, page: int | None = None) -> Iterator[Piece]:
    """One piece for each row; empty rows and, where there is one, the header row are left out."""
    header = [_cell(cell) for cell in rows[0]] if rows and has_header else []
    for row in rows[1 if has_header else 0 :]:
        cells = [_cell(cell) for cell in row]
        if text := row_text(header, cells):
            yield Piece(text=text, kind="table", page=page, row_key=next(cell for cell in cells if cell))


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row as one line; empty cells are left out.

    >>> row_text(["Part", "Supplier"], ["PN-77", "Kestrel Seals"])
    'Part: PN-77; Supplier: Kestrel Seals'
    """
    if not header:
        filled = [cell for cell in cells if cell]
        return ": ".join(filled) if len(filled) == 2 else " | ".join(filled)
    names = [*header, *[""] * (len(cells) - len(header))]
    pairs = ((name, cell) for name, cell in zip(names, cells, strict=False) if cell)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs)


def looks_like_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns: all filled, different, short, without digits."""
    names = [_cell(cell) for cell in cells]
    filled = all(name and len(name) <= 60 and not any(c.isdigit() for c in name) for name in names)
    return filled and len(set(names)) == len(names)


def names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of several rows of several cells is a header."""
    return len(rows) > 1 and len(rows[0]) > 1 and looks_like_header(rows[0])


def is_number(cell: str) -> bool:
    """Whether a cell holds digits and what stands between and around them."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def _cell(text: str) -> str:
    return " ".join(text.split())


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines into the most columns of equal number."""
    lines = [line for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count) if counts else 1
        return (counts.count(usual) if usual > 1 else 0), usual

    try:
        return max(DELIMITERS, key=evenness)
    except csv.Error:
        return ","
