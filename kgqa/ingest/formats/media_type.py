"""Which format some bytes are in: by their first bytes, then the file's name, then what the source declared.

First bytes decide for formats that have them. Between texts, a name that ends in a known way is more precise than a
declared `text/plain`; without either, what is JSON, HTML or an e-mail message by its first lines is read as such.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import UNSUPPORTED

MARKDOWN = "text/markdown"
PLAIN = "text/plain"
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CSV = "text/csv"
TSV = "text/tab-separated-values"
EML = "message/rfc822"
JSON = "application/json"
JSONL = "application/x-ndjson"
XML = "application/xml"

_EXTENSIONS = {
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": PLAIN, ".text": PLAIN, ".log": PLAIN, ".html": HTML, ".htm": HTML,
    ".xhtml": HTML, ".pdf": PDF, ".docx": DOCX, ".csv": CSV, ".tsv": TSV, ".tab": TSV, ".eml": EML, ".json": JSON,
    ".jsonl": JSONL, ".ndjson": JSONL, ".xml": XML,
}  # fmt: skip
_DECLARED = {
    "text/x-markdown": MARKDOWN, "application/xhtml+xml": HTML, "application/csv": CSV, "text/tsv": TSV,
    "text/json": JSON, "application/jsonl": JSONL, "application/x-jsonlines": JSONL, "application/jsonlines": JSONL,
    "text/xml": XML,
}  # fmt: skip
_READ = frozenset((MARKDOWN, PLAIN, HTML, PDF, DOCX, CSV, TSV, EML, JSON, JSONL))
_OTHER_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "an RTF file"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"OggS", "a sound file"),
    (b"ID3", "a sound file"),
)
_ZIPPED = {
    "xl/": "an Excel workbook",
    "ppt/": "a PowerPoint presentation",
    "META-INF/": "a package",
    "mimetype": "an OpenDocument or EPUB file",
}
_HTML_START = re.compile(
    rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|div|p|table|h[1-6]|article)\b", re.I | re.S
)
_HEADER = re.compile(
    rb"^(?:from|to|cc|date|subject|received|return-path|message-id|mime-version|delivered-to):[ \t]", re.I | re.M
)
HINT = "convert it to PDF, DOCX, HTML, Markdown, text, CSV, JSON or EML."


def media_type(data: bytes, name: str, declared: str | None) -> str:
    """One of the types above. Raises InvalidInput for a type that is not read, or not the one that the name says."""
    named = _EXTENSIONS.get(PurePosixPath(name).suffix.lower())
    stated = _stated(declared)
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data, named)
    for magic, what in _OTHER_MAGIC:
        if data.startswith(magic):
            raise unsupported(what)
    promised = named if stated in (None, PLAIN) else stated
    if promised in (PDF, DOCX):
        raise _misnamed("PDF" if promised == PDF else "DOCX")
    return _text(data, promised or stated, declared)


def unsupported(what: str) -> InvalidInput:
    """The refusal of a type of file."""
    return InvalidInput(f"{UNSUPPORTED}: it is {what}.", hint=HINT)


def _misnamed(label: str) -> InvalidInput:
    return InvalidInput(
        f"This is not a {label} file, though it is called one.",
        hint="check that it was copied completely and that its name ends with its real type.",
    )


def _stated(declared: str | None) -> str | None:
    """The declared type without parameters; None where it says nothing."""
    essence = (declared or "").split(";")[0].strip().lower()
    essence = _DECLARED.get(essence, essence)
    return essence if essence and essence not in ("application/octet-stream", "binary/octet-stream") else None


def _zipped(data: bytes, named: str | None) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return DOCX  # damaged: the reader says so
    if "word/document.xml" in names:
        return DOCX
    what = next((what for part, what in _ZIPPED.items() if any(name.startswith(part) for name in names)), None)
    raise _misnamed("DOCX") if named == DOCX and what is None else unsupported(what or "an archive")


def _text(data: bytes, promised: str | None, declared: str | None) -> str:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if promised in (None, HTML, XML) or promised == PLAIN:
        if promised != PLAIN and _HTML_START.match(start):
            return HTML
        if start.startswith(b"<?xml") or promised == XML:
            if b"<html" in start.lower():
                return HTML
            raise unsupported("XML")
    if promised in _READ:
        return str(promised)
    if promised is not None and not promised.startswith("text/"):
        raise unsupported(f"declared as {declared}")
    return _sniffed(start)


def _sniffed(start: bytes) -> str:
    head = start[:2048].split(b"\n\n", 1)[0].split(b"\r\n\r\n", 1)[0]
    if len(_HEADER.findall(head)) >= 2 and _HEADER.match(head):
        return EML
    first = start.split(b"\n", 1)[0].strip()
    if first.startswith(b"{") and first.endswith(b"}") and len(start) > len(first) + 1:
        return JSONL
    return JSON if re.match(rb"[\[{]\s*[\[{\"\]}]", start) else PLAIN
