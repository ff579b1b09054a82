import json

import pytest

from tests.unit.ingest.documents import (
    FILES,
    read,
)


@pytest.mark.parametrize("name", ["tickets.jsonl", "tickets.json"])
def test_records_name_their_fields(name: str):
    document = read(FILES[name], name)
    assert document.text == "id: T-1; title: Leak; open: yes\nid: T-2; tags: a, b; by name: Ana"
    assert [b.row_key for b in document.blocks] == ["T-1", "T-2"]


def test_long_texts_of_a_record_stand_on_lines_of_their_own():
    note = "The pump stopped at noon. " * 10
    document = read(json.dumps([{"key": 7, "note": note, "by": "Ana"}, {"key": 8, "note": "x"}]), "n.json")
    assert document.text == f"key: 7; by: Ana\nnote: {note.strip()}\nkey: 8; note: x"
    assert document.blocks[0].row_key == "7"


def test_an_object_that_holds_records_is_a_table_with_properties():
    document = read('{"title": "Open tickets", "tickets": [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]}', "t.json")
    assert (document.title, document.text) == ("Open tickets", "id: 1; x: a\nid: 2; x: b")
