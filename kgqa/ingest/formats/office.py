"""What DOCX, PPTX, XLSX and OpenDocument files have in common: checks of the package, macros, and core properties.

Files with macros, templates and "strict" files differ from ordinary ones in the names that they use for the same
things; where a library knows only the ordinary names, it gets a copy with those.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.archive import Archive
from kgqa.ingest.formats.parsed import ParseLimits

_TYPES = "[Content_Types].xml"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
#: content types of the main part that mean the ordinary one
_DOCUMENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
_ORDINARY = {
    "application/vnd.ms-word.document.macroEnabled.main+xml": _DOCUMENT,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml": _DOCUMENT,
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml": _DOCUMENT,
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": _SLIDES,
    "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml": _SLIDES,
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml": _SLIDES,
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml": _SLIDES,
}
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))


def checked(data: bytes, limits: ParseLimits) -> Archive:
    """The package. Raises InvalidInput also for XML that declares entities: no Office program writes such parts."""
    archive = Archive(data, limits)
    for name in archive.parts(".xml", ".rels"):
        start = archive.read(name)[:4096]
        if any(doctype in start for doctype in _DOCTYPES):
            raise InvalidInput(
                f"This file declares XML entities in its part {name}, which no Office program does.",
                hint="make it again from its source.",
            )
    return archive


def ordinary(archive: Archive, data: bytes) -> bytes:
    """The package under the names that libraries know; the same bytes where it has them already."""
    types = archive.read(_TYPES) if _TYPES in archive.names else b""
    others = [name for name in _ORDINARY if f'"{name}"'.encode() in types]
    roots = archive.read("_rels/.rels") if "_rels/.rels" in archive.names else b""
    if not others and not _STRICT.search(roots):
        return data
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as copy:
        for name in archive.names:
            part = archive.read(name)
            if name.endswith((".xml", ".rels")):
                part = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", part)
            if name == _TYPES:
                for other in others:
                    part = part.replace(f'"{other}"'.encode(), f'"{_ORDINARY[other]}"'.encode())
            copy.writestr(name, part)
    return buffer.getvalue()


def macro_warning(archive: Archive) -> tuple[str, ...]:
    """A warning where the package holds macros. They are never run, nor read as text."""
    found = archive.parts("vbaproject.bin") or [name for name in archive.names if name.startswith("Basic/")]
    return ("The file holds macros; only its text was read.",) if found else ()


def properties(found: Any, author: str | None) -> Mapping[str, str]:
    """Title, author, subject, keywords and times of the core properties that one of the libraries has read."""
    values: dict[str, str | datetime | None] = {
        "title": found.title,
        "author": author,
        "subject": found.subject,
        "keywords": found.keywords,
        "created": found.created,
        "modified": found.modified,
    }
    texts = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    return {name: text.strip() for name, text in texts.items() if text and text.strip()}
