"""The readers of all formats by media type, and the one function that reads any bytes.

Errors of parsing libraries become ours here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from kgqa.errors import InvalidInput, KgqaError
from kgqa.ingest.clean import decode
from kgqa.ingest.formats import (
    asciidoc,
    book,
    image,
    mail,
    markdown,
    markup,
    media_type,
    members,
    open_document,
    outlook,
    pdf,
    plain,
    records,
    rich_text,
    sheets,
    slides,
    sound,
    subtitles,
    table,
    webpage,
    word,
)
from kgqa.ingest.formats.parsed import Parsed, Reading

_TEXT_READERS: Mapping[str, Callable[[str], Parsed]] = {
    media_type.MARKDOWN: markdown.read,
    media_type.PLAIN: plain.read,
    media_type.HTML: webpage.read,
    media_type.CSV: table.read,
    media_type.TSV: lambda text: table.read(text, "\t"),
    media_type.JSON: records.read,
    media_type.JSONL: records.read_lines,
    media_type.VTT: subtitles.read,
    media_type.ASCIIDOC: asciidoc.read,
}
_BINARY_READERS: Mapping[str, Callable[[bytes, Reading], Parsed]] = {
    media_type.PDF: pdf.read,
    media_type.DOCX: lambda data, reading: word.read(data, reading.limits),
    media_type.PPTX: lambda data, reading: slides.read(data, reading.limits),
    media_type.XLSX: lambda data, reading: sheets.read(data, reading.limits),
    media_type.EPUB: lambda data, reading: book.read(data, reading.limits),
    media_type.RTF: lambda data, _: rich_text.read(data),
    media_type.XML: lambda data, _: markup.read(data),
    media_type.EML: lambda data, reading: mail.read(data, reading, read_any),
    media_type.MSG: lambda data, reading: outlook.read(data, reading, read_any),
    media_type.ZIP: lambda data, reading: members.read_archive(data, reading, read_any),
    **dict.fromkeys(media_type.OPEN_DOCUMENT, lambda data, reading: open_document.read(data, reading.limits)),
    **dict.fromkeys(media_type.IMAGES, image.read),
    **{kind: partial(sound.read, kind) for kind in media_type.SOUNDS},
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def read_any(data: bytes, name: str, declared: str | None, reading: Reading) -> Parsed:
    """Bytes of any format that is read. Raises InvalidInput (damaged, encrypted, unknown type) or LimitExceeded."""
    return read_as(media_type.media_type(data, name, declared), data, declared, reading)


def read_as(kind: str, data: bytes, declared: str | None, reading: Reading) -> Parsed:
    """Bytes of a known type."""
    try:
        if kind in _BINARY_READERS:
            return _BINARY_READERS[kind](data, reading)
        text, warnings = decode(data, _charset(data, declared, kind))
        parsed = _TEXT_READERS[kind](text.replace("\r\n", "\n").replace("\r", "\n"))
    except (KgqaError, MemoryError):
        raise
    except Exception as problem:  # libraries that are fed damaged files raise whatever they like
        raise InvalidInput(
            f"This file is damaged or not of type {kind} ({type(problem).__name__}).",
            hint="open it where it was made, and save it again.",
        ) from problem
    return Parsed(pieces=parsed.pieces, metadata=parsed.metadata, warnings=(*warnings, *parsed.warnings))


def _charset(data: bytes, declared: str | None, kind: str) -> str | None:
    """The encoding that the source or the page itself states."""
    found = _CHARSET.search(declared or "")
    if found is None and kind == media_type.HTML:
        found = _CHARSET.search(data[:2048].decode("ascii", errors="ignore"))
    return found[1] if found else None
