"""E-mail messages by the standard library: headers become metadata and the first lines of the text, then the body."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from kgqa.errors import InvalidInput
from kgqa.ingest.clean import decode
from kgqa.ingest.formats import members, plain, webpage
from kgqa.ingest.formats.parsed import AnyReader, Parsed, Piece, Reading

#: headers that are quoted in the text: who wrote to whom is a fact that an answer may cite
SHOWN = ("From", "To", "Cc", "Date")
_METADATA = {"from": "from", "to": "to", "cc": "cc", "subject": "title", "message-id": "message_id"}


def read(data: bytes, reading: Reading, read_any: AnyReader) -> Parsed:
    """Pieces of a message: plain text if it has some, else its HTML; then its attachments, each under its name."""
    message = message_from_bytes(data, policy=policy.default)
    headers = {name.lower(): _header(message, name) for name in (*SHOWN, "Subject", "Message-ID")}
    if not any(headers.values()):
        raise InvalidInput("This is not an e-mail message: it has no headers.", hint="export it again as .eml.")
    metadata = {field: headers[name] for name, field in _METADATA.items() if headers[name]}
    if headers["from"]:
        metadata["author"] = headers["from"]
    if created := _date(headers["date"]):
        metadata["created"] = created
    shown = "\n".join(f"{name}: {headers[name.lower()]}" for name in SHOWN if headers[name.lower()])
    pieces, warnings = _body(message)
    inside = members.read_members(_attachments(message), reading, read_any, level=1)
    return Parsed(
        pieces=(Piece(text=shown), *pieces, *inside.pieces),
        metadata=metadata,
        warnings=(*warnings, *inside.warnings),
    )


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name) or "").split())


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError):
        return ""


def _body(message: EmailMessage) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    part = message.get_body(preferencelist=("plain", "html"))
    payload = part.get_payload(decode=True) if part is not None else None
    if part is None or not isinstance(payload, bytes):
        return (), ("The message has no text body.",)
    text, warnings = decode(payload, part.get_content_charset())
    text = text.replace("\r\n", "\n")
    parsed = webpage.read(text) if part.get_content_subtype() == "html" else plain.read(text)
    return parsed.pieces, warnings


def _attachments(message: EmailMessage) -> Iterator[tuple[str, str | None, bytes]]:
    """Name, declared type and bytes; a message that is attached whole is one of them."""
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            payload = b"".join(message.as_bytes() for message in part.iter_parts() if isinstance(message, EmailMessage))
        kind = None if part.get_content_type() == "application/octet-stream" else part.get_content_type()
        yield part.get_filename() or part.get_content_type(), kind, payload
