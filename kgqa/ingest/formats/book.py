"""EPUB: a zip of HTML pages in the order of its spine, read by the HTML reader; the package file has the metadata."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.clean import decode
from kgqa.ingest.formats import markup, webpage
from kgqa.ingest.formats.archive import Archive
from kgqa.ingest.formats.markup import Element
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece

_METADATA = {
    "title": "title", "creator": "author", "date": "created", "subject": "subject", "publisher": "publisher",
    "description": "description", "identifier": "identifier",
}  # fmt: skip


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Pieces of all chapters. Raises InvalidInput (damaged, locked against copying) or LimitExceeded."""
    archive = Archive(data, limits)
    if "META-INF/rights.xml" in archive.names:
        raise InvalidInput("This book is locked against copying.", hint="use a copy without DRM.")
    package = _package(archive)
    root = markup.parse(archive.read(package))
    pieces: list[Piece] = []
    missing: list[str] = []
    characters = 0
    for name in _spine(root, posixpath.dirname(package)):
        if name not in archive.names:
            missing.append(name)
            continue
        text, _ = decode(archive.read(name))
        found = webpage.read(text).pieces
        characters += sum(len(piece.text) for piece in found)
        if characters > limits.characters:
            raise LimitExceeded(f"The text is longer than {limits.characters:,} characters.", hint="split the book.")
        pieces += found
    warnings = (f"Chapters are missing: {', '.join(missing[:20])}.",) if missing else ()
    return Parsed(pieces=tuple(pieces), metadata=_metadata(root), warnings=warnings)


def _package(archive: Archive) -> str:
    """The name of the package file, as the container states it."""
    if "META-INF/container.xml" in archive.names:
        for node in markup.parse(archive.read("META-INF/container.xml")).iter():
            if str(node.tag).endswith("}rootfile") and node.get("full-path") in archive.names:
                return str(node.get("full-path"))
    names = archive.parts(".opf")
    if not names:
        raise InvalidInput("This EPUB file lacks its package file.", hint="check that it was copied completely.")
    return names[0]


def _spine(root: Element, folder: str) -> Iterator[str]:
    """Names of the pages in reading order; a name never leaves the archive, it only fails to be found there."""
    pages: dict[str, str] = {}
    for node in root.iter():
        name = str(node.tag).rsplit("}", 1)[-1]
        if name == "item" and (node.get("media-type") or "").endswith("html+xml"):
            href = unquote(node.get("href") or "").split("#")[0]
            pages[node.get("id") or ""] = posixpath.normpath(posixpath.join(folder, href))
        elif name == "itemref" and node.get("idref") in pages:
            yield pages[node.get("idref") or ""]


def _metadata(root: Element) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for node in root.iter():
        space, _, name = str(node.tag).rpartition("}")
        text = " ".join((node.text or "").split())
        if name in _METADATA and "purl.org/dc" in space and text:
            metadata.setdefault(_METADATA[name], text)
    return metadata
