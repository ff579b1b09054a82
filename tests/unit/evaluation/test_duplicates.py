"""Planted near duplicates: what must be found is found, and what is different is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation.duplicates import EDITS, JOINED, evaluate_duplicates
from kgqa.ingest.dedupe import NEAR


def corpus(folder: Path, documents: int) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "qrels" / "test.tsv").write_text("query\tdocument\tscore\n", encoding="utf-8")
    (folder / "queries.jsonl").write_text("", encoding="utf-8")
    rows = (
        {"_id": str(n), "text": " ".join(f"Word{n}x{i} stands here{' .' if i % 9 == 8 else ''}" for i in range(60))}
        for n in range(documents)
    )
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_copies_are_found_by_kind_and_documents_under_one_notice_are_not(tmp_path: Path):
    rows = {(row.length, row.kind): row for row in evaluate_duplicates(corpus(tmp_path / "set", 40))}
    assert {kind for _, kind in rows} == set(EDITS)
    assert rows["short", "space, punctuation"].recall.mean == 1.0
    assert rows["long", "a typo"].recall.mean == rows["long", "a typo"].precision.mean == 1.0
    assert rows["short", "boilerplate"].marks == 0
    for row in rows.values():
        if row.kind != "boilerplate":  # every copy that is near enough is found: no pair is overlooked
            assert row.recall.mean == pytest.approx(row.near_at[str(NEAR)])


def test_the_seed_decides(tmp_path: Path):
    folder = corpus(tmp_path / "set", 40)
    assert evaluate_duplicates(folder, seed=3) == evaluate_duplicates(folder, seed=3)


def test_a_small_corpus_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="documents"):
        evaluate_duplicates(corpus(tmp_path / "set", JOINED))
