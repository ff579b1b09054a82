"""What every format reader returns, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kgqa.ports import SpeechRecogniser, TextRecogniser

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
    #: unpacked size of all members of a zipped format
    unpacked_bytes: int = 400_000_000
    #: files in an archive, or attachments of a message
    members: int = 2_000
    #: cells of a workbook or text that a table may take, filled or not
    cells: int = 5_000_000
    #: pages of one document that are read by OCR; the rest is a warning
    ocr_pages: int = 100
    #: pixels of an image, or of a page that is rendered for OCR
    pixels: int = 60_000_000
    #: length of a recording
    sound_minutes: float = 30.0
    #: time for one document; kept where it is read by a child process
    seconds: float = 300.0
    #: memory of the child process that reads documents, code and models included
    memory_bytes: int = 3_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A paragraph, heading, list item or table row, before cleaning."""

    text: str
    #: `heading`, `paragraph`, `list`, `table`, `code`
    kind: str = "paragraph"
    #: level of a heading from 1, 0 for other pieces
    level: int = 0
    page: int | None = None
    #: from and to in a recording, where it is of one
    seconds: tuple[float, float] | None = None
    row_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document as its format states it."""

    pieces: tuple[Piece, ...]
    #: title, author, created, modified, subject, ... as far as the file says
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader of a format has besides the bytes."""

    limits: ParseLimits = field(default_factory=ParseLimits)
    #: reads pages and images; None: they are left out with a warning
    recogniser: TextRecogniser | None = None
    #: hears recordings; None: they are refused
    listener: SpeechRecogniser | None = None
    #: how many containers (archives, messages) the bytes came out of
    depth: int = 0

    def inside(self) -> Reading:
        """For the members of a container."""
        return replace(self, depth=self.depth + 1)


#: reads bytes that have a name and maybe a declared type, whatever their format
AnyReader = Callable[[bytes, str, str | None, Reading], Parsed]
