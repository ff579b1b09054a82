"""MSG, Outlook's message file, by olefile: the properties that name people, time and subject, the body, attachments.

A property is a stream named by its number and type ([MS-OXMSG]): `__substg1.0_0037001F` is the subject in UTF-16.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import olefile

from kgqa.errors import InvalidInput
from kgqa.ingest.clean import decode
from kgqa.ingest.formats import members, plain, webpage
from kgqa.ingest.formats.parsed import AnyReader, Parsed, Piece, Reading

_SUBJECT, _SENDER, _SENDER_ADDRESS, _TO, _CC, _BODY, _HTML, _MESSAGE_ID = (
    "0037", "0C1A", "5D01", "0E04", "0E03", "1000", "1013", "1035",
)  # fmt: skip
_SENDER_PLAIN_ADDRESS = "0C1F"
_ATTACHED, _LONG_NAME, _SHORT_NAME, _MIME = "3701", "3707", "3704", "370E"
#: times of sending and delivery in the table of fixed properties
_TIMES = (0x0039, 0x0E06)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def is_message(data: bytes) -> bool:
    """Whether a compound file holds a message."""
    return "__substg1.0_".encode("utf-16-le") in data


def read(data: bytes, reading: Reading, read_any: AnyReader) -> Parsed:
    """Headers, body and attachments. Raises InvalidInput where the file is damaged."""
    try:
        file = olefile.OleFileIO(io.BytesIO(data))
    except OSError as problem:
        raise InvalidInput(f"This MSG file is damaged: {problem}.", hint="export the message again.") from None
    with file:
        names = ["/".join(path) for path in file.listdir()]
        held = _held(file, names, "")
        created = _time(_stream(file, "__properties_version1.0"))
        attached = tuple(_attachments(file, names))
    sender = _address(held.get(_SENDER, ""), held.get(_SENDER_ADDRESS) or held.get(_SENDER_PLAIN_ADDRESS, ""))
    headers = {"From": sender, "To": held.get(_TO, ""), "Cc": held.get(_CC, ""), "Date": created}
    shown = "\n".join(f"{name}: {value}" for name, value in headers.items() if value)
    body = held.get(_BODY, "").replace("\r\n", "\n")
    parsed = plain.read(body) if body.strip() else webpage.read(held.get(_HTML, ""))
    inside = members.read_members(attached, reading, read_any, level=1)
    metadata = {
        "title": held.get(_SUBJECT, ""), "author": sender, "from": sender, "to": headers["To"], "cc": headers["Cc"],
        "created": created, "message_id": held.get(_MESSAGE_ID, ""),
    }  # fmt: skip
    warnings = inside.warnings if parsed.pieces else ("The message has no text body.", *inside.warnings)
    return Parsed(
        pieces=(Piece(text=shown), *parsed.pieces, *inside.pieces),
        metadata={name: text for name, text in metadata.items() if text},
        warnings=warnings,
    )


def _held(file: olefile.OleFileIO, names: Sequence[str], folder: str) -> Mapping[str, str]:
    """Text properties in a folder of the file, by number."""
    held: dict[str, str] = {}
    prefix = f"{folder}__substg1.0_"
    for name in names:
        number, kind = name[len(prefix) :][:4].upper(), name[len(prefix) :][4:].upper()
        if not name.startswith(prefix) or "/" in name[len(prefix) :]:
            continue
        if kind == "001F":
            held[number] = _stream(file, name).decode("utf-16-le", errors="replace").rstrip("\0")
        elif kind == "001E" or (kind == "0102" and number == _HTML):
            held.setdefault(number, decode(_stream(file, name).rstrip(b"\0"))[0])
    return held


def _attachments(file: olefile.OleFileIO, names: Sequence[str]) -> Iterator[tuple[str, str | None, bytes]]:
    """Name, declared type and bytes of each attached file; attached messages are left out."""
    for folder in sorted({name.split("/")[0] for name in names if name.startswith("__attach")}):
        held = _held(file, names, f"{folder}/")
        data = _stream(file, f"{folder}/__substg1.0_{_ATTACHED}0102")
        if data:
            yield held.get(_LONG_NAME) or held.get(_SHORT_NAME) or "attachment", held.get(_MIME), data


def _stream(file: olefile.OleFileIO, name: str) -> bytes:
    return file.openstream(name).read() if file.exists(name) else b""


def _time(properties: bytes) -> str:
    """The time of sending: rows of 16 bytes (type, number, flags, value) after a header of 32."""
    for at in range(32, len(properties) - 15, 16):
        kind, number = (int.from_bytes(properties[at + o : at + o + 2], "little") for o in (0, 2))
        ticks = int.from_bytes(properties[at + 8 : at + 16], "little")
        if kind == 0x0040 and number in _TIMES and ticks:
            try:
                return (_EPOCH + timedelta(microseconds=ticks // 10)).isoformat(timespec="seconds")
            except OverflowError:
                return ""
    return ""


def _address(name: str, address: str) -> str:
    if name and "@" in address and address != name:
        return f"{name} <{address}>"
    return name or address
