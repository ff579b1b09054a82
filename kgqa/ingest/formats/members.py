"""Documents inside a document: the files of an archive and the attachments of a message, by the readers of their own.

Each becomes a section under its name. What cannot be read is a warning. A container inside a container (a message with
an archive, an archive in an archive) is opened, one inside that is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.formats.archive import Archive
from kgqa.ingest.formats.parsed import AnyReader, Parsed, Piece, Reading

#: containers in containers that are opened
MAXIMUM_DEPTH = 2
#: members that are named in a warning
NAMED = 20
_TOO_DEEP = "It is in a file in a file in a file."
#: what systems and editors leave beside the files
_LEFTOVERS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read_archive(data: bytes, reading: Reading, read: AnyReader) -> Parsed:
    """All files of an archive, by name. Raises InvalidInput (damaged, encrypted, nothing readable) or LimitExceeded."""
    if reading.depth >= MAXIMUM_DEPTH:
        raise InvalidInput(_TOO_DEEP, hint="unpack it.")
    archive = Archive(data, reading.limits)
    names = sorted(m.filename for m in archive.members if not any(part in m.filename for part in _LEFTOVERS))
    strange = [name for name in names if label(name) != name.replace("\\", "/")]
    parsed = read_members(((name, None, archive) for name in names), reading, read, level=1)
    warnings = (f"Names that point outside of the archive were cut: {_some(strange)}.",) if strange else ()
    if names and not parsed.pieces:
        raise InvalidInput(
            "None of the files in this archive can be read.", hint=" ".join(parsed.warnings) or "look into it."
        )
    return Parsed(pieces=parsed.pieces, metadata=parsed.metadata, warnings=(*warnings, *parsed.warnings))


def read_members(
    members: Iterable[tuple[str, str | None, Archive | bytes]], reading: Reading, read: AnyReader, *, level: int
) -> Parsed:
    """The pieces of members (name, declared type, the bytes or the archive they are in), under headings of a level."""
    pieces: list[Piece] = []
    refused: dict[str, list[str]] = {}
    warnings: list[str] = []
    characters = 0
    for name, declared, source in members:
        try:
            if reading.depth >= MAXIMUM_DEPTH:
                raise InvalidInput(_TOO_DEEP)
            data = source.read(name) if isinstance(source, Archive) else source
            if len(data) > reading.limits.bytes:
                raise LimitExceeded(f"It has {len(data):,} bytes, more than {reading.limits.bytes:,}.")
            found = read(data, label(name), declared, reading.inside()) if data.strip() else Parsed(pieces=())
        except KgqaError as problem:
            refused.setdefault(problem.message, []).append(label(name))
            continue
        characters += sum(len(piece.text) for piece in found.pieces)
        if characters > reading.limits.characters:
            raise LimitExceeded(
                f"The text is longer than {reading.limits.characters:,} characters.", hint="unpack the archive."
            )
        if found.pieces:
            pieces.append(Piece(text=label(name), kind="heading", level=level))
            pieces += (_lowered(piece, level) for piece in found.pieces)
        warnings += (f"{label(name)}: {warning}" for warning in found.warnings)
    reasons = [f"Not read: {_some(names)} ({reason.rstrip('.')})." for reason, names in refused.items()]
    return Parsed(pieces=tuple(pieces), warnings=(*reasons, *warnings[:NAMED]))


def label(name: str) -> str:
    """A member's name as it is shown: inside the archive, whatever it claims.

    >>> label("../../etc/passwd"), label("C:/temp/a.txt")
    ('etc/passwd', 'temp/a.txt')
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    kept = [part for part in parts if part not in ("/", "..", ".") and not part.endswith(":")]
    return "/".join(kept) or "unnamed"


def _lowered(piece: Piece, level: int) -> Piece:
    """Headings of a member stand below its name; its pages are not pages of the whole."""
    shift = level if piece.kind == "heading" else 0
    return Piece(text=piece.text, kind=piece.kind, level=piece.level + shift, row_key=piece.row_key)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return shown + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
