"""What the reader and its child process say to each other: JSON after its length, and the bytes of a document.

JSON, since what a hostile file has done to the child must not reach the parent as code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.formats.parsed import Parsed, Piece

#: bytes of the length before every message
LENGTH = 8
#: field of an answer after which the child ends
ENDS = "ends"

_ERRORS: Mapping[str, type[KgqaError]] = {kind.code: kind for kind in (InvalidInput, LimitExceeded)}


def framed(message: Mapping[str, object]) -> bytes:
    """A message with its length."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(LENGTH, "big") + body


def answer(kind: str, parsed: Parsed) -> dict[str, object]:
    """What was read."""
    return {
        "kind": kind,
        "pieces": [[p.text, p.kind, p.level, p.page, p.seconds, p.row_key] for p in parsed.pieces],
        "metadata": dict(parsed.metadata),
        "warnings": list(parsed.warnings),
    }


def refusal(problem: KgqaError) -> dict[str, object]:
    """Why nothing was read."""
    code = problem.code if problem.code in _ERRORS else InvalidInput.code
    return {"error": code, "message": problem.message, "hint": problem.hint}


def result(message: Mapping[str, Any]) -> tuple[str, Parsed]:
    """The answer of the child. Raises what the child was refused with."""
    if "error" in message:
        raise _ERRORS[str(message["error"])](str(message["message"]), hint=message["hint"])
    pieces = tuple(
        Piece(
            text=str(text),
            kind=str(kind),
            level=int(level),
            page=page,
            seconds=(float(seconds[0]), float(seconds[1])) if seconds else None,
            row_key=row_key,
        )
        for text, kind, level, page, seconds, row_key in message["pieces"]
    )
    warnings = tuple(str(warning) for warning in message["warnings"])
    metadata = {str(name): str(value) for name, value in message["metadata"].items()}
    return str(message["kind"]), Parsed(pieces=pieces, metadata=metadata, warnings=warnings)
