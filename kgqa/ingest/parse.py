"""A raw document to a `Document`: find its format, read it, clean it, and lay its text out with every block's place.

Cleaning happens here, before offsets exist; afterwards the text never changes. Whatever is wrong with a file comes out
as a `KgqaError` with a reason that a person can act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.clean import clean
from kgqa.ingest.dedupe import content_hash
from kgqa.ingest.formats import media_type
from kgqa.ingest.formats.parsed import NO_TEXT, UNSUPPORTED, Parsed, ParseLimits, Piece, Reading
from kgqa.ingest.formats.readers import read_as
from kgqa.model.document import Block, Document, RawDocument
from kgqa.text.language import detect

__all__ = [
    "PARSER_VERSION",
    "FormatReader",
    "ParseLimits",
    "PlainReader",
    "file_title",
    "has_text",
    "has_title",
    "is_skip",
    "parse",
]

#: counts up when files are read otherwise than before, or files are read that were not
PARSER_VERSION = "3"
DEFAULT_LIMITS = ParseLimits()
#: longer headings are paragraphs that somebody wrote in large letters
HEADING_CHARACTERS = 200

_SEPARATORS = re.compile(r"[_\s]+|(?<=[^\W\d])-(?=[^\W\d])")
_JUNK_TITLE = re.compile(r"(?:untitled|document\d*|microsoft word - .*|.*\.(?:docx?|indd|qxd|tmp))", re.IGNORECASE)


class FormatReader(Protocol):
    """Bytes of any format to pieces: in this process, or in a child of it that may be ended."""

    @property
    def version(self) -> str:
        """What its texts depend on besides this code; part of the stage hash."""
        ...

    def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
        """The media type and the pieces. Raises InvalidInput or LimitExceeded."""
        ...


class PlainReader:
    """Reads in this process, without OCR: what hangs or eats memory here does so with the caller."""

    version = ""

    def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
        """The media type and the pieces. Raises InvalidInput or LimitExceeded."""
        kind = media_type.media_type(data, name, declared)
        return kind, read_as(kind, data, declared, Reading(limits=limits))


PLAIN_READER = PlainReader()


def parse(raw: RawDocument, limits: ParseLimits = DEFAULT_LIMITS, reader: FormatReader = PLAIN_READER) -> Document:
    """The document. Raises InvalidInput (damaged, encrypted, wrong or unknown type, no text) or LimitExceeded."""
    if len(raw.data) > limits.bytes:
        raise LimitExceeded(
            f"The document has {len(raw.data):,} bytes, more than {limits.bytes:,}.", hint="split it into parts."
        )
    if not has_text(raw):
        raise InvalidInput(NO_TEXT)
    kind, parsed = reader.read(raw.data, raw.key, raw.media_type, limits)
    text, blocks = _lay_out(parsed.pieces)
    if not text:
        raise InvalidInput(NO_TEXT, hint=" ".join(parsed.warnings) or None)
    if len(text) > limits.characters:
        raise LimitExceeded(
            f"The text has {len(text):,} characters, more than {limits.characters:,}.", hint="split it into parts."
        )
    metadata = {name: clean(value) for name, value in {**parsed.metadata, **raw.metadata}.items()}
    return Document(
        collection=raw.collection,
        key=raw.key,
        uri=raw.uri,
        principals=raw.principals,
        media_type=kind,
        title=_stated_title(metadata, text, blocks) or file_title(raw.key),
        text=text,
        blocks=blocks,
        language=detect(text),
        metadata=metadata,
        content_hash=content_hash(raw),
        warnings=tuple(clean(warning) for warning in parsed.warnings),
    )


def has_text(raw: RawDocument) -> bool:
    """Whether there is any byte that is not space."""
    return bool(raw.data.strip(b" \t\r\n\x0b\x0c\x00"))


def is_skip(problem: KgqaError) -> bool:
    """Whether a refusal means that there is nothing to index (no text, a type that is not read) and not a failure."""
    return problem.message == NO_TEXT or problem.message.startswith(UNSUPPORTED)


def _lay_out(pieces: Sequence[Piece]) -> tuple[str, tuple[Block, ...]]:
    """The text of the document, and blocks that cover all of it but the blank lines between them."""
    parts: list[str] = []
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    length = 0
    previous = ""
    for piece, text in _cleaned(pieces):
        if parts:
            gap = "\n" if piece.kind == previous and piece.kind in ("list", "table") else "\n\n"
            parts.append(gap)
            length += len(gap)
        if piece.kind == "heading":
            path = [above for above in path if above[0] < piece.level] + [(piece.level, text)]
        parts.append(text)
        blocks.append(
            Block(
                start=length,
                end=length + len(text),
                kind=piece.kind,
                heading_path=tuple(heading for _, heading in path),
                page=piece.page,
                seconds=piece.seconds,
                row_key=clean(piece.row_key) or None if piece.row_key else None,
            )
        )
        length += len(text)
        previous = piece.kind
    return "".join(parts), tuple(blocks)


def _cleaned(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, str]]:
    for piece in pieces:
        text = clean(piece.text)
        if piece.kind != "code":
            text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
        text = text.strip("\n") if piece.kind == "code" else text.strip()
        if piece.kind == "heading":
            text = " ".join(text.split())
            if len(text) > HEADING_CHARACTERS:
                piece = Piece(text=piece.text, page=piece.page)  # noqa: PLW2901 - a heading no more
        if text.strip():
            yield piece, text


def has_title(document: Document) -> bool:
    """Whether source or document give it one (a title, a heading, a subject); else its file name stands for it."""
    return bool(_stated_title(document.metadata, document.text, document.blocks))


def file_title(key: str) -> str:
    """What a document is called that has no title: its file name made readable."""
    return _first_title(readable(key)) or key


def _stated_title(metadata: Mapping[str, str], text: str, blocks: Sequence[Block]) -> str:
    """What source or file call it, else its first heading, else its subject; empty where it has none of them."""
    first = next((block for block in blocks if block.kind == "heading"), None)
    heading = text[first.start : first.end] if first else ""
    return _first_title(metadata.get("title", ""), heading, metadata.get("subject", ""))


def _first_title(*candidates: str) -> str:
    titles = (" ".join(clean(candidate).split()) for candidate in candidates)
    return next((title for title in titles if title and not _JUNK_TITLE.fullmatch(title)), "")


def readable(key: str) -> str:
    """A file name as a title.

    >>> readable("manuals/seal-kit_notes-E-417.md")
    'seal kit notes E-417'
    """
    return _SEPARATORS.sub(" ", PurePosixPath(key).stem).strip()
