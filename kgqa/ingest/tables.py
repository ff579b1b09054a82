"""What a table row says: its key, a column, a value. Rows are lines of "Column: value; Column: value"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kgqa.text.names import is_nameable, normalise, tokens

_FIELD = re.compile(r"(?:^|; )([^:;\n]{1,60}): ([^;\n]+)")
#: columns whose values name people or companies, however they are written
_PERSON_COLUMN = re.compile(
    r"sign|approv|author|owner|contact|requested|responsible|manager|assign|engineer|lead|responsable|firma|contacto|t[eé]cnic|technician|autor",
    re.IGNORECASE,
)
_COMPANY_COLUMN = re.compile(
    r"supplier|manufacturer|maker|vendor|customer|company|client|proveedor|fabricante|cliente|empresa", re.IGNORECASE
)
_CONTACT_COLUMN = re.compile(r"contact", re.IGNORECASE)
_LONGEST_NAME = 6
_SMALL = frozenset(("of", "the", "and", "de", "del", "la", "y", "für", "und", "van", "von", "a.s.", "s.r.o."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that reads as a name; offsets are relative to the text."""

    start: int
    end: int
    surface: str
    #: PERSON or ORG where the column says so, else empty
    type: str
    #: the company of the row where the cell is its contact, normalised
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowClaim:
    """The row's key, the column in lower case, and what stands there."""

    #: the row, relative to the text
    start: int
    end: int
    key: str
    column: str
    cell: Cell


def row_claims(text: str) -> Iterator[RowClaim]:
    """Claims of all rows whose key reads as a name, in order.

    >>> [claim.column for claim in row_claims("Part: HP-7731-04; Supplier: Kestrel Seals; Price: 12.50")]
    ['supplier']
    """
    for start, line, fields in _rows(text):
        key = fields[0][2].strip()
        if reads_as_name(key, alone=True):
            company = next((normalise(field[2]) for field in fields if _COMPANY_COLUMN.search(field[1])), "")
            for field in fields[1:]:
                for cell in _cells(field, start, company):
                    column = field[1].strip().lower()
                    yield RowClaim(start=start, end=start + len(line), key=key, column=column, cell=cell)


def column_names(text: str) -> list[tuple[int, int]]:
    """Where rows name their columns: no name of anything stands there."""
    return [(start + f.start(1), start + f.end(1)) for start, _, fields in _rows(text) for f in fields]


def _rows(text: str) -> Iterator[tuple[int, str, list[re.Match[str]]]]:
    """(start, line, fields) of the lines that are rows: at least two named fields from the first character on."""
    start = 0
    for line in text.split("\n"):
        fields = list(_FIELD.finditer(line))
        if len(fields) > 1 and fields[0].start() == 0:
            yield start, line, fields
        start += len(line) + 1


def _cells(field: re.Match[str], offset: int, company: str) -> Iterator[Cell]:
    """The names in a field: its value, or the values that commas part."""
    column = field[1]
    type_ = "ORG" if _COMPANY_COLUMN.search(column) else "PERSON" if _PERSON_COLUMN.search(column) else ""
    for value in re.finditer(r"[^,]+", field[2]):
        surface = value.group().strip()
        start = offset + field.start(2) + value.start() + len(value.group()) - len(value.group().lstrip())
        if reads_as_name(surface, alone=bool(type_)):
            is_person = type_ == "PERSON" and len(surface.split()) > 1
            known = type_ if type_ == "ORG" or is_person else ""
            signature = company if is_person and _CONTACT_COLUMN.search(column) else ""
            yield Cell(start=start, end=start + len(surface), surface=surface, type=known, signature=signature)


def reads_as_name(surface: str, *, alone: bool) -> bool:
    """Names in tables are capitalised throughout or are codes; `alone`: one capitalised word is enough."""
    norm = normalise(surface)
    words = surface.split()
    if not is_nameable(norm) or len(tokens(norm)) > _LONGEST_NAME or not any(char.isalpha() for char in norm):
        return False
    is_code = len(words) == 1 and any(c.isdigit() for c in surface) and not surface.islower()
    is_capitalised = words[0][0].isalpha() and all(not w[0].islower() or w in _SMALL for w in words)
    is_capitalised = is_capitalised and words[0] not in _SMALL
    return is_code or (is_capitalised and (len(words) > 1 or alone))
