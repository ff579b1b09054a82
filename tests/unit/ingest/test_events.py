"""Document events: every order and every split into batches ends as the events in order of their versions would."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgqa.errors import InvalidInput
from kgqa.ingest.events import (
    Event,
    Operation,
    Registers,
    event_document,
    event_of,
    event_time,
    read_message,
    reduce_events,
)

UPSERT = {"op": "upsert", "collection": "c", "key": "a.md", "version": 1, "principals": ["public"], "text": "Hello."}
#: a collection: by key the position of the message that holds its content, and who may read it
Collection = dict[str, tuple[tuple[int, int], tuple[str, ...]]]


def in_order(events: list[Event]) -> Collection:
    """The oracle: one event after the other, by version."""
    content: dict[str, tuple[int, int]] = {}
    access: dict[str, tuple[str, ...]] = {}
    for event in sorted(events, key=lambda e: e.version):
        if event.operation is Operation.UPSERT:
            content[event.key] = event.position
        if event.operation is Operation.DELETE:
            content.pop(event.key, None)
        else:
            access[event.key] = event.principals
    return {key: (position, access[key]) for key, position in content.items()}


def in_batches(batches: list[list[Event]]) -> tuple[Collection, dict[str, Registers]]:
    """What a record that obeys the reducer holds."""
    collection: Collection = {}
    registers: dict[str, Registers] = {}
    for batch in batches:
        changes = reduce_events(batch, registers)
        assert not set(changes.upserts) & set(changes.deletions)
        for key in changes.deletions:
            collection.pop(key, None)
        collection |= changes.upserts
        for key, principals in changes.access.items():
            collection[key] = (collection[key][0], principals)
        registers |= changes.registers
    return collection, registers


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Events with distinct versions, and the same ones with repeats, in another order, cut into batches."""
    versions = draw(st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=12))
    readers = st.sampled_from([("public",), ("group:a",), ("group:a", "user:b")])
    events = [
        Event(
            key=draw(st.sampled_from("ab")),
            operation=draw(st.sampled_from(Operation)),
            version=version,
            principals=draw(readers),
            position=(0, version),
        )
        for version in versions
    ]
    log = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=6))))
    batches: list[list[Event]] = [[]]
    for event in log:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return events, batches


@given(histories())
def test_late_and_repeated_events_end_as_events_in_order_do(history: tuple[list[Event], list[list[Event]]]) -> None:
    events, batches = history
    collection, registers = in_batches(batches)
    assert collection == in_order(events)
    again = reduce_events([event for batch in batches for event in batch], registers)
    assert (again.upserts, again.deletions, again.access, again.registers) == ({}, (), {}, {})
    assert set(again.outcomes) == {"stale"}


@given(histories())
def test_a_document_that_came_another_way_takes_the_events_that_come_after(
    history: tuple[list[Event], list[list[Event]]],
) -> None:
    events, _ = history
    found = Registers(principals=("public",), is_there=True)
    changes = reduce_events(events, {"a": found, "b": found})
    expected = in_order(events)
    assert changes.upserts == expected
    for key, principals in changes.access.items():
        last = max((e for e in events if e.key == key), key=lambda e: e.version)
        assert last.operation is Operation.ACL
        assert principals == last.principals != found.principals


def test_of_two_events_with_one_version_the_first_in_the_log_counts() -> None:
    first = Event(key="a", operation=Operation.UPSERT, version=3, principals=("public",), position=(0, 7))
    second = replace(first, operation=Operation.DELETE, position=(0, 8))
    changes = reduce_events([second, first], {})
    assert (changes.upserts, changes.outcomes) == ({"a": ((0, 7), ("public",))}, {"upsert": 1, "stale": 1})


def test_an_access_list_that_came_before_its_document_is_kept_for_it() -> None:
    acl = Event(key="a", operation=Operation.ACL, version=7, principals=("group:x",))
    before = reduce_events([acl], {})
    assert (before.upserts, before.access) == ({}, {})
    upsert = Event(key="a", operation=Operation.UPSERT, version=5, principals=("public",), position=(0, 9))
    assert reduce_events([upsert], before.registers).upserts == {"a": ((0, 9), ("group:x",))}


def test_a_document_that_was_uploaded_may_keep_its_address() -> None:
    message = read_message(json.dumps({**UPSERT, "uri": "upload://notes/a.md"}).encode())
    assert event_document(message, ["public"]).uri == "upload://notes/a.md"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not JSON"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"version": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not"),
        (b'{"op": "\\ud800"}', "not Unicode"),
        (b"[]", "has to obey type"),
        ({"version": None}, "version has to obey type"),
        ({"version": 2**60}, "version has to obey maximum"),
        ({"op": "put"}, "op has to obey enum"),
        ({"principals": []}, "principals has to obey minItems"),
        ({"key": "a\0b"}, "key has to obey pattern"),
        ({"key": "k" * 501}, "key has to obey maxLength"),
        ({"surprise": 1}, "surprise"),
        ({"base64": "aGk="}, "exclude each other"),
        ({"uri": "javascript:alert(1)"}, "uri has to obey pattern"),
        ({"title": "a\0b"}, "NUL"),
        ({"metadata": {"author": 3}}, "metadata/author has to obey type"),
        ({"time": "yesterday"}, "no date and time"),
        ({"principals": [f"user:{i:0100}" for i in range(40)]}, "longer than 2000 bytes"),
    ],
)
def test_a_message_that_is_no_event_says_why(value: bytes | dict[str, object] | None, reason: str) -> None:
    message = json.dumps({**UPSERT, **value}).encode() if isinstance(value, dict) else value
    with pytest.raises(InvalidInput, match=reason):
        read_message(message)


@pytest.mark.parametrize(
    ("missing", "reason"), [("text", "needs one of"), ("principals", "'principals'"), ("version", "'version'")]
)
def test_a_message_without_what_its_operation_needs_is_refused(missing: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_message(json.dumps({name: value for name, value in UPSERT.items() if name != missing}).encode())


def test_base64_that_is_none_is_refused() -> None:
    event = {name: value for name, value in UPSERT.items() if name != "text"}
    with pytest.raises(InvalidInput, match="not base64"):
        read_message(json.dumps({**event, "base64": "?"}).encode())


def test_an_event_brings_its_document() -> None:
    message = read_message(
        json.dumps(
            {**UPSERT, "title": "A \\u0000 title", "metadata": {"author": "Ivy"}, "time": "2026-01-31T09:30:00Z"}
        ).encode()
    )
    raw = event_document(message, ("group:a",))
    assert (raw.collection, raw.key, raw.data, raw.principals) == ("c", "a.md", b"Hello.", ("group:a",))
    assert raw.metadata == {"author": "Ivy", "title": "A \\u0000 title"}
    assert event_of(message, (2, 5)).position == (2, 5)
    found = event_time(message)
    assert found is not None
    assert found.isoformat() == "2026-01-31T09:30:00+00:00"
    binary = {**message, "base64": base64.b64encode(b"\x00\x01").decode()}
    del binary["text"]
    assert event_document(binary, ("public",)).data == b"\x00\x01"


def test_a_uri_is_read_only_below_the_folders_that_events_may_name(tmp_path: Path) -> None:
    inside, outside = tmp_path / "lake", tmp_path / "secret.md"
    inside.mkdir()
    (inside / "a.md").write_text("inside")
    outside.write_text("outside")
    (inside / "link.md").symlink_to(outside)
    message = {name: value for name, value in UPSERT.items() if name != "text"}
    assert event_document({**message, "uri": (inside / "a.md").as_uri()}, ("public",), roots=[inside]).data == b"inside"
    for uri in (outside.as_uri(), (inside / "link.md").as_uri(), inside.as_uri() + "/../secret.md", "https://x.test/a"):
        with pytest.raises(InvalidInput, match="names no file below"):
            event_document({**message, "uri": uri}, ("public",), roots=[inside])
