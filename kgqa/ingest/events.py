"""Document events: what one message says, and what a batch of them changes.

Events of a document may come late, twice, or in any order. Each has a version, and a document is two registers that
keep the highest one: its content (`upsert`, `delete`) and its access list (`upsert`, `acl`). So every order and every
split into batches ends in the state that applying the events in order of their versions gives. A deleted document
leaves its registers behind. Of events with one version the first in the log counts.

The schema of a message is `document_event.json`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from jsonschema import Draft202012Validator, ValidationError

from kgqa.errors import InvalidInput
from kgqa.model.document import RawDocument

#: an access list is a key of an index, which bounds its length
PRINCIPALS_BYTES = 2_000
#: partition and offset of a message: the order of one log, and a name for the message in it
Position = tuple[int, int]


class Operation(StrEnum):
    """What an event does."""

    UPSERT = "upsert"
    DELETE = "delete"
    ACL = "acl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What deciding about an event needs; its content stays in the message."""

    key: str
    operation: Operation
    version: int
    #: sorted, without repeats; empty for `delete`
    principals: tuple[str, ...] = ()
    position: Position = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """The versions that were applied to one document; -1: none."""

    content_version: int = -1
    access_version: int = -1
    #: who may read it, also while it is not there
    principals: tuple[str, ...] = ()
    #: whether the record has the document
    is_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a batch of events does to one collection."""

    #: by key the message that holds the content, and who may read it
    upserts: Mapping[str, tuple[Position, tuple[str, ...]]] = field(
        default_factory=dict[str, tuple[Position, tuple[str, ...]]]
    )
    deletions: tuple[str, ...] = ()
    #: documents whose content stays
    access: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    #: registers that move, as they are afterwards
    registers: Mapping[str, Registers] = field(default_factory=dict[str, Registers])
    #: events by `upsert`, `delete`, `acl` and `stale` (older than, or the same as, one that was applied)
    outcomes: Mapping[str, int] = field(default_factory=dict[str, int])


def reduce_events(events: Iterable[Event], known: Mapping[str, Registers]) -> Changes:
    """What these events do to a collection whose documents have these registers; a missing key has none."""
    now = dict[str, Registers]()
    content = dict[str, Position]()
    outcomes = dict[str, int]()
    for event in sorted(events, key=lambda e: (e.version, e.position)):
        before = now.get(event.key) or known.get(event.key, Registers())
        after = _apply(event, before)
        outcome = "stale" if after == before else event.operation.value
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if after != before:
            now[event.key] = after
            if after.content_version != before.content_version:
                content[event.key] = event.position
    upserts = {key: (content[key], state.principals) for key, state in now.items() if key in content and state.is_there}
    return Changes(
        upserts=upserts,
        deletions=tuple(sorted(key for key in content if not now[key].is_there)),
        access={
            key: state.principals
            for key, state in now.items()
            if key not in content and state.is_there and state.principals != known[key].principals
        },
        registers=now,
        outcomes=outcomes,
    )


def _apply(event: Event, state: Registers) -> Registers:
    if event.operation is not Operation.ACL and event.version > state.content_version:
        is_there = event.operation is Operation.UPSERT
        state = replace(state, content_version=event.version, is_there=is_there)
    if event.operation is not Operation.DELETE and event.version > state.access_version:
        state = replace(state, access_version=event.version, principals=event.principals)
    return state


def read_message(value: bytes | None) -> Mapping[str, Any]:
    """The event in a message, checked. Raises InvalidInput with a reason that quotes nothing of the content."""
    try:
        event = json.loads(value or b"", parse_constant=_no_constant)
        json.dumps(event, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        kind = "is not Unicode text" if isinstance(problem, UnicodeError) else "is not JSON"
        raise InvalidInput(f"The message {kind}.") from None
    if problem := next(iter(sorted(_validator().iter_errors(event), key=lambda e: list(map(str, e.path)))), None):
        raise InvalidInput(f"The event breaks its schema: {_broken_rule(problem)}.")
    _check_more(event)
    return cast("Mapping[str, Any]", event)


def _check_more(event: Mapping[str, Any]) -> None:
    """What the schema cannot say."""
    if len("".join(event.get("principals", ())).encode()) > PRINCIPALS_BYTES:
        raise InvalidInput(f"The access list is longer than {PRINCIPALS_BYTES} bytes.", hint="use a group.")
    if "\\u0000" in json.dumps([event.get("title"), event.get("metadata")]).replace("\\\\", ""):
        raise InvalidInput("The title or metadata hold a NUL character.")
    if "base64" in event:
        try:
            base64.b64decode(event["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput("The field base64 is not base64.") from None
    if "time" in event:
        event_time(event)


def event_of(message: Mapping[str, Any], position: Position) -> Event:
    """The head of a checked message."""
    return Event(
        key=message["key"],
        operation=Operation(message["op"]),
        version=int(message["version"]),
        principals=tuple(sorted(message.get("principals", ()))),
        position=position,
    )


def event_time(message: Mapping[str, Any]) -> datetime | None:
    """When it happened at the source, if the message says. Raises InvalidInput."""
    if "time" not in message:
        return None
    try:
        found = datetime.fromisoformat(message["time"])
    except ValueError:
        raise InvalidInput("The field time is no date and time.", hint="write 2026-01-31T09:30:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def event_document(message: Mapping[str, Any], principals: Sequence[str], *, roots: Sequence[Path] = ()) -> RawDocument:
    """The document that an upsert brings. Raises InvalidInput or OSError when its `uri` cannot be read.

    `roots`: folders that a `uri` without content may name.
    """
    metadata = dict(message.get("metadata", {}))
    if "title" in message:
        metadata["title"] = message["title"]
    key = message["key"]
    media_type = message.get("media_type")
    if "text" in message:
        data = message["text"].encode()
        media_type = media_type or (None if Path(key).suffix else "text/plain")
    elif "base64" in message:
        data = base64.b64decode(message["base64"])
    else:
        data = _local_file(message["uri"], roots).read_bytes()
    return RawDocument(
        collection=message["collection"],
        key=key,
        uri=message.get("uri") or f"urn:document:{key}",
        data=data,
        media_type=media_type,
        principals=tuple(principals),
        metadata=metadata,
    )


def _local_file(uri: str, roots: Sequence[Path]) -> Path:
    parts = urlsplit(uri)
    path = Path(unquote(parts.path)).resolve()
    if parts.scheme != "file" or not any(path.is_relative_to(root.resolve()) for root in roots):
        raise InvalidInput(
            "The event has no content, and its uri names no file below the folders that events may name.",
            hint="send text or base64, or add the folder to KGQA_STREAM__ROOTS.",
        )
    return path


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(event_schema())


def event_schema() -> Mapping[str, Any]:
    """The JSON schema of a message."""
    return json.loads(resources.files("kgqa.ingest").joinpath("document_event.json").read_text(encoding="utf-8"))


def _broken_rule(error: ValidationError) -> str:
    where = "/".join(map(str, error.absolute_path))
    rule = str(error.validator)
    if rule in ("required", "additionalProperties"):
        return error.message[:200]
    if rule in ("anyOf", "not"):
        return str(cast("Mapping[str, Any]", error.schema).get("description"))
    return f"{where or 'the event'} has to obey {rule} {json.dumps(error.validator_value)[:200]}"


def _no_constant(name: str) -> None:
    raise ValueError(name)
