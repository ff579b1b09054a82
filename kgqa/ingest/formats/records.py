"""JSON and JSON lines: every record is one row with its fields named.

A record's key is its id, key, name or title; long texts inside it stand on lines of their own, so that they are split
into sentences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import Parsed, Piece

#: fields that name a record, best first
KEYS = ("id", "_id", "key", "code", "number", "name", "title", "subject")
#: values longer than this stand on a line of their own
INLINE_CHARACTERS = 120
#: levels of nesting that are read
MAXIMUM_DEPTH = 20

JsonObject = Mapping[str, object]


def read(text: str) -> Parsed:
    """Records of a JSON document: a list of objects, an object that holds one such list, or any one value."""
    try:
        value: object = json.loads(text)
    except ValueError as problem:
        raise InvalidInput(f"This is not valid JSON: {problem}.", hint="check that the file is complete.") from None
    records, metadata = _records(value)
    return Parsed(pieces=tuple(_pieces(records)), metadata=metadata)


def read_lines(text: str) -> Parsed:
    """Records of JSON lines. A broken line refuses the document: it may be cut, and nobody would notice the loss."""
    records: list[object] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except ValueError as problem:
            message = f"Line {number} is not valid JSON: {problem}."
            raise InvalidInput(message, hint="JSON lines has one complete JSON value on each line.") from None
    return Parsed(pieces=tuple(_pieces(records)))


def _records(value: object) -> tuple[Sequence[object], dict[str, str]]:
    """The records of a document and the fields beside them."""
    if isinstance(value, list):
        return value, {}
    if isinstance(value, dict):
        lists = [name for name, held in value.items() if isinstance(held, list) and held and _is_objects(held)]
        others = {str(name).lower(): str(held) for name, held in value.items() if isinstance(held, str | int)}
        if len(lists) == 1 and len(others) == len(value) - 1:
            return value[lists[0]], others
    return [value], {}


def _is_objects(values: Sequence[object]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _pieces(records: Sequence[object]) -> Iterator[Piece]:
    for record in records:
        fields = [(name, value) for name, value in _flat(record, "", 0) if value]
        short = "; ".join(f"{name}: {value}" if name else value for name, value in fields if _is_short(value))
        long = [f"{name}: {value}" if name else value for name, value in fields if not _is_short(value)]
        text = "\n".join(part for part in (short, *long) if part)
        if text:
            yield Piece(text=text, kind="table", row_key=_row_key(record, fields))


def _is_short(value: str) -> bool:
    return len(value) <= INLINE_CHARACTERS and "\n" not in value


def _row_key(record: object, fields: Sequence[tuple[str, str]]) -> str:
    """What the record is called: by a field of that purpose, else its first short value."""
    if isinstance(record, dict):
        by_name = {str(name).lower(): value for name, value in record.items()}
        for name in KEYS:
            value = by_name.get(name)
            if isinstance(value, str | int) and str(value).strip():
                return " ".join(str(value).split())
    return next((value for _, value in fields if _is_short(value)), fields[0][1][:INLINE_CHARACTERS])


def _flat(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Fields with their path as name ("address city"); lists of plain values are joined."""
    if depth > MAXIMUM_DEPTH:
        raise InvalidInput(f"This JSON nests deeper than {MAXIMUM_DEPTH} levels.", hint="flatten the records.")
    if isinstance(value, dict):
        for key, held in value.items():
            yield from _flat(held, f"{name} {key}".strip(), depth + 1)
    elif isinstance(value, list):
        if any(isinstance(held, dict | list) for held in value):
            for held in value:
                yield from _flat(held, name, depth + 1)
        else:
            yield name, ", ".join(_plain(held) for held in value)
    else:
        yield name, _plain(value)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()
