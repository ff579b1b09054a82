"""A document before it has a file format: front matter and blocks, and the plain text its writer knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A section title."""

    #: The words.
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text without line breaks."""

    #: The words; Markdown emphasis is kept as it is.
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of points."""

    #: One text per point.
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose first row names the columns."""

    #: Rows of equal length, the header first.
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of a JSON-lines file."""

    #: Field names and values in the order of the file.
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak:
    """Begins a new page where the format has pages."""


Block = Heading | Paragraph | Bullets | Table | Record | PageBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of the lake."""

    #: Name of the template it comes from.
    name: str
    #: Path inside the lake; its ending chooses the format.
    path: str
    #: Title.
    title: str
    #: Language, `en` or `es`.
    language: str
    #: Principals who may read it.
    access: str
    #: Day of writing (ISO), or empty.
    date: str
    #: Author, or empty.
    author: str
    #: Remaining front matter, such as the sender of a mail.
    extra: Mapping[str, str]
    #: Content in reading order.
    blocks: tuple[Block, ...]

    @property
    def format(self) -> str:
        """The ending of the path without its dot."""
        return self.path.rsplit(".", 1)[1]

    @property
    def text(self) -> str:
        """The plain text without the title, one block after the other."""
        return "\n\n".join(piece for block in self.blocks for piece in _plain(block))


def unmarked(text: str) -> str:
    """The text without Markdown emphasis, for formats that do not know it."""
    return text.replace("**", "").replace("`", "").replace("*", "")


def _plain(block: Block) -> Iterator[str]:
    match block:
        case Heading(text=text) | Paragraph(text=text):
            yield unmarked(text)
        case Bullets(items=items):
            yield "\n".join(unmarked(item) for item in items)
        case Table(rows=rows):
            yield "\n".join(" | ".join(row) for row in rows)
        case Record(fields=fields):
            yield "\n".join(f"{name}: {value}" for name, value in fields.items())
        case PageBreak():
            return
