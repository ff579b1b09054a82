"""Which format some bytes are in: by their first bytes, then the file's name, then what the source declared.

First bytes decide for formats that have them. Between texts, a name that ends in a known way is more precise than a
declared `text/plain`; without either, what is JSON, HTML or an e-mail message by its first lines is read as such.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import NoReturn

from kgqa.errors import InvalidInput
from kgqa.ingest.formats import outlook
from kgqa.ingest.formats.parsed import UNSUPPORTED

MARKDOWN = "text/markdown"
PLAIN = "text/plain"
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
RTF = "application/rtf"
CSV = "text/csv"
TSV = "text/tab-separated-values"
EML = "message/rfc822"
MSG = "application/vnd.ms-outlook"
JSON = "application/json"
JSONL = "application/x-ndjson"
XML = "application/xml"
ZIP = "application/zip"
VTT = "text/vtt"
ASCIIDOC = "text/asciidoc"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
WEBP = "image/webp"
WAV = "audio/wav"
MP3 = "audio/mpeg"
FLAC = "audio/flac"
M4A = "audio/mp4"
OGG = "audio/ogg"
IMAGES = frozenset((PNG, JPEG, TIFF, WEBP))
SOUNDS = frozenset((WAV, MP3, FLAC, M4A, OGG))
OPEN_DOCUMENT = frozenset((ODT, ODS, ODP))
#: decoded to text before they are read
TEXTS = frozenset((MARKDOWN, PLAIN, HTML, CSV, TSV, JSON, JSONL, VTT, ASCIIDOC))

_EXTENSIONS = {
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": PLAIN, ".text": PLAIN, ".log": PLAIN, ".html": HTML, ".htm": HTML,
    ".xhtml": HTML, ".pdf": PDF, ".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".pptx": PPTX, ".pptm": PPTX,
    ".ppsx": PPTX, ".potx": PPTX, ".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX, ".odt": ODT, ".ott": ODT, ".ods": ODS,
    ".odp": ODP, ".epub": EPUB, ".rtf": RTF, ".csv": CSV, ".tsv": TSV, ".tab": TSV, ".eml": EML, ".msg": MSG,
    ".json": JSON, ".jsonl": JSONL, ".ndjson": JSONL, ".xml": XML, ".nxml": XML, ".dita": XML, ".ditamap": XML,
    ".zip": ZIP, ".vtt": VTT, ".adoc": ASCIIDOC, ".asciidoc": ASCIIDOC, ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG,
    ".tif": TIFF, ".tiff": TIFF, ".webp": WEBP,
    ".wav": WAV, ".mp3": MP3, ".flac": FLAC, ".m4a": M4A, ".m4b": M4A, ".ogg": OGG, ".oga": OGG, ".opus": OGG,
}  # fmt: skip
_DECLARED = {
    "text/x-markdown": MARKDOWN, "application/xhtml+xml": HTML, "application/csv": CSV, "text/tsv": TSV,
    "text/json": JSON, "application/jsonl": JSONL, "application/x-jsonlines": JSONL, "application/jsonlines": JSONL,
    "text/xml": XML, "text/rtf": RTF, "application/x-zip-compressed": ZIP, "image/jpg": JPEG,
    "text/x-asciidoc": ASCIIDOC, "audio/x-wav": WAV, "audio/wave": WAV, "audio/vnd.wave": WAV, "audio/mp3": MP3,
    "audio/x-flac": FLAC, "audio/x-m4a": M4A, "audio/m4a": M4A, "application/ogg": OGG, "audio/opus": OGG,
}  # fmt: skip
#: formats that their first bytes give away; a file that only is called so is refused
_BINARY = {
    PDF: "PDF", DOCX: "DOCX", PPTX: "PPTX", XLSX: "XLSX", ODT: "ODT", ODS: "ODS", ODP: "ODP", EPUB: "EPUB", ZIP: "ZIP",
    MSG: "MSG", RTF: "RTF", PNG: "PNG", JPEG: "JPEG", TIFF: "TIFF", WEBP: "WEBP",
    WAV: "WAV", MP3: "MP3", FLAC: "FLAC", M4A: "M4A", OGG: "Ogg",
}  # fmt: skip
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"{\\rtf", RTF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    *((bytes((0xFF, second)), MP3) for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),  # layer III, each MPEG version
    *((b"ID3" + bytes((version,)), MP3) for version in (2, 3, 4)),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: streams of compound files by which they are known
_STREAMS = (
    ("WordDocument", "an old Word document", "save it as DOCX (`soffice --headless --convert-to docx FILE` does it)."),
    ("PowerPoint Document", "an old PowerPoint file", "save it as PPTX (`soffice --headless --convert-to pptx FILE`)."),
    ("Workbook", "an old Excel workbook", "save it as XLSX (`soffice --headless --convert-to xlsx FILE` does it)."),
    ("Book", "an old Excel workbook", "save it as XLSX (`soffice --headless --convert-to xlsx FILE` does it)."),
)
_OTHER_MAGIC = (
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
)
_HTML_START = re.compile(
    rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|div|p|table|h[1-6]|article)\b", re.I | re.S
)
_HEADER = re.compile(
    rb"^(?:from|to|cc|date|subject|received|return-path|message-id|mime-version|delivered-to):[ \t]", re.I | re.M
)
HINT = "convert it to PDF, an Office or OpenDocument format, HTML, Markdown, text, CSV, JSON or XML (docs/formats.md)."


def media_type(data: bytes, name: str, declared: str | None) -> str:
    """One of the types above. Raises InvalidInput for a type that is not read, or not the one that the name says."""
    named = _EXTENSIONS.get(PurePosixPath(name).suffix.lower())
    stated = _stated(declared)
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data, named)
    if data.startswith(_COMPOUND):
        return _compound(data)
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12]) or _refuse("a video file, or a sound file of a rare kind")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    for magic, what in _OTHER_MAGIC:
        if data.startswith(magic):
            _refuse(what)
    if data[4:8] == b"ftyp":
        if data[8:11] in (b"M4A", b"M4B") or named == M4A:
            return M4A
        raise unsupported("a video file", "save what is said in it as M4A (`ffmpeg -i FILE -vn FILE.m4a` does it).")
    promised = named if stated in (None, PLAIN) else stated
    if promised in _BINARY:
        raise _misnamed(_BINARY[promised])
    return _text(data, promised or stated, declared)


def unsupported(what: str, hint: str = HINT) -> InvalidInput:
    """The refusal of a type of file."""
    return InvalidInput(f"{UNSUPPORTED}: it is {what}.", hint=hint)


def _refuse(what: str) -> NoReturn:
    raise unsupported(what)


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
    """The format of an archive by the parts that only it has; a damaged one is left to the reader, which says so."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = frozenset(archive.namelist())
        stated = archive.open("mimetype").read(100).decode("ascii", "ignore").strip() if "mimetype" in names else ""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError, zlib.error):
        return named if named in _BINARY else ZIP
    for part, kind in (("word/document.xml", DOCX), ("ppt/presentation.xml", PPTX), ("xl/workbook.xml", XLSX)):
        if part in names:
            return kind
    if "xl/workbook.bin" in names:
        raise unsupported("a binary Excel workbook", "save it as XLSX.")
    if stated == EPUB or "META-INF/container.xml" in names:
        return EPUB
    if kind := next((kind for kind in OPEN_DOCUMENT if stated in (kind, f"{kind}-template")), None):
        return kind
    if stated.startswith("application/vnd.oasis.opendocument"):
        raise unsupported("an OpenDocument file that is neither text, table nor presentation", "save it as PDF.")
    if named in _BINARY and named != ZIP:
        raise _misnamed(_BINARY[named])
    return ZIP


def _compound(data: bytes) -> str:
    """Messages are read; old Office formats are not, and an encrypted Office file looks like one of them."""
    if outlook.is_message(data):
        return MSG
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise InvalidInput("This file is password-protected.", hint="save it without a password.")
    for stream, what, hint in _STREAMS:
        if stream.encode("utf-16-le") + b"\0\0" in data:
            raise unsupported(what, hint)
    raise unsupported("an old Office file")


def _text(data: bytes, promised: str | None, declared: str | None) -> str:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if promised in (None, HTML, XML) or promised == PLAIN:
        if promised not in (PLAIN, XML) and _HTML_START.match(start):
            return HTML
        if start.startswith(b"<?xml") or promised == XML:
            return HTML if b"<html" in start.lower() else XML
        if start.startswith(b"WEBVTT"):
            return VTT
    if promised in TEXTS or promised == EML:
        return str(promised)
    if promised is not None and promised.endswith("+xml"):
        return XML
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
