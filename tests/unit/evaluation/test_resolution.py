"""Measures of resolution on small tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation.resolution import evaluate_resolution, matches_of_ids, read_matches, read_table


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_pairs_across_two_tables(tmp_path: Path) -> None:
    left = read_table(
        table(tmp_path / "l.csv", "id|x#name|x#city", "1|Kestrel Seals GmbH|Leeds", "2|Northline|Oslo", "3||")
    )
    right = read_table(
        table(tmp_path / "r.csv", "id|x#name", "a|Kestrel Seals", "b|North Line", "c|Moravec", "d|Tessera")
    )
    matches = read_matches(table(tmp_path / "m.csv", "D1|D2", "1|a", "2|c", "3|d"))
    assert [r.name for r in left] == ["Kestrel Seals GmbH", "Northline", ""]
    measures = evaluate_resolution(left, right, matches)
    # found: (1, a), and (2, b) which is wrong; a record without a name is never compared
    assert (measures["precision"], measures["recall"]) == (0.5, pytest.approx(1 / 3))
    assert measures["blocking_recall"] == pytest.approx(1 / 3)


def test_pairs_inside_one_table_by_its_record_ids(tmp_path: Path) -> None:
    records = read_table(
        table(
            tmp_path / "t.csv",
            "rec_id, given_name, surname",
            "rec-1-org, elena, ruiz",
            "rec-1-dup-0, elena, ruiz",
            "rec-2-org, marta, lindqvist",
            "rec-2-dup-0, someone, else",
        )
    )
    assert {record.type for record in records} == {"PERSON"}
    measures = evaluate_resolution(records, None, matches_of_ids(records))
    assert measures == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "blocking_recall": 0.5}


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no table"):
        read_table(table(tmp_path / "a.csv", "just text", "and more"))
    with pytest.raises(InvalidInput, match="does not say what it matches"):
        matches_of_ids(read_table(table(tmp_path / "b.csv", "id,name", "1,Kestrel")))
