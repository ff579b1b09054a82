"""What every format reader returns, and what it may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: message of the InvalidInput for a document that has nothing to index
NO_TEXT = "The document has no text."
#: how messages begin that refuse a type of file
UNSUPPORTED = "This type of file is not read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseLimits:
    """What reading one document may cost. `LimitSettings` has the same numbers."""

    bytes: int = 50_000_000
    characters: int = 5_000_000
    pages: int = 2_000
    #: unpacked size of a zipped format over its packed size; small files are let pass
    expansion: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A paragraph, heading, list item or table row, before cleaning."""

    text: str
    #: `heading`, `paragraph`, `list`, `table`, `code`
    kind: str = "paragraph"
    #: level of a heading from 1, 0 for other pieces
    level: int = 0
    page: int | None = None
    row_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document as its format states it."""

    pieces: tuple[Piece, ...]
    #: title, author, created, modified, subject, ... as far as the file says
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()
