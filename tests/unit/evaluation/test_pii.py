"""F2 of personal data, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation.pii import evaluate_pii, f_beta, read_annotated_pii
from kgqa.model.pii import PiiSpan

PERSON = {"entity_type": "PERSON"}
ROW = {
    "full_text": "Ann met Bo.",
    "spans": [{**PERSON, "start_position": 0, "end_position": 3}, {**PERSON, "start_position": 8, "end_position": 10}],
}


def test_recall_counts_twice():
    assert f_beta(1, 1, 2) == pytest.approx(5 / 9)
    assert f_beta(1, 2, 1) == pytest.approx(5 / 6)
    assert f_beta(0, 3, 3) == 0


def test_half_of_the_texts_is_held_out_and_a_span_counts_once(tmp_path: Path):
    (tmp_path / "some.json").write_text(json.dumps([ROW] * 4), encoding="utf-8")
    spans = [
        PiiSpan(start=0, end=3, type="PERSON"),
        PiiSpan(start=0, end=4, type="PERSON"),
        PiiSpan(start=4, end=7, type="ADDRESS"),
    ]
    rows = {(row.part, row.type): row for row in evaluate_pii(read_annotated_pii(tmp_path), lambda _: spans)}
    person = rows["held out", "PERSON"]
    assert (person.wanted, person.found, person.recall.mean, person.precision.mean) == (4, 4, 0.5, 0.5)
    assert person.f2.low == person.f2.mean == person.f2.high == 0.5
    assert rows["held out", "ADDRESS"].precision.mean == 0
    assert rows["tuned on", "all annotated"].found == 6


@pytest.mark.parametrize("content", ["{", "[{}]", '[{"full_text": "a", "spans": [{}]}]'])
def test_other_files_are_refused(content: str, tmp_path: Path):
    (tmp_path / "some.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"some\.json"):
        read_annotated_pii(tmp_path / "some.json")
