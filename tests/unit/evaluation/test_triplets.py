"""Mining hard negatives over a lake in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kgqa.ask.pipeline import AskServices
from kgqa.errors import Conflict, InvalidInput
from kgqa.evaluation.datasets import Dataset
from kgqa.evaluation.encoder_commands import chosen
from kgqa.evaluation.encoder_training import split
from kgqa.evaluation.triplets import KEPT, Mined, mine, mined_before, triplets
from kgqa.model.document import indexed_text
from tests.unit.ask.doubles import PUBLIC, BagOfWords, MemoryIndex, MemoryLake, services
from tests.unit.ask.lakes import lake

GOLD = {
    "q1": frozenset({"parts"}),
    "q2": frozenset({"register", "parts"}),
    "q3": frozenset({"nowhere"}),
}
QUERIES = {
    "q1": "Which supplier makes HP-7731-04?",
    "q2": "Who signed off CO-2041, and who supplies HP-7731-04?",
    "q3": "What is the soup of the day?",
}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(folder=tmp_path / "desk-1", queries=QUERIES, gold=GOLD, answers={})


def run(dataset: Dataset, path: Path, asking: AskServices, limit: int = 100) -> tuple[Mined, ...]:
    return mine(dataset, asking.index.view(PUBLIC, "test"), asking, path, limit)


def with_a_copy_of(key: str, copy: str) -> MemoryLake:
    made = lake()
    made.chunks = [replace(c, duplicates=(copy,)) if c.chunk.document_key == key else c for c in made.chunks]
    return made


def texts() -> dict[str, str]:
    return {
        c.chunk.document_key: indexed_text(c.chunk.title, c.chunk.heading_path, c.chunk.text) for c in lake().chunks
    }


def test_gold_passages_are_positives_and_what_ranked_beside_them_negatives(dataset: Dataset, tmp_path: Path) -> None:
    one, two, three = run(dataset, tmp_path / "mined.jsonl", services(lake()))
    known = texts()
    assert one.positives == (known["parts"],)
    assert set(two.positives) == {known["parts"], known["register"]}
    assert list(two.positive_ranks) == sorted(two.positive_ranks)
    assert three.positives == ()
    assert [each.missed for each in (one, two, three)] == [0, 0, 1]
    for mined, gold in ((one, {"parts"}), (two, {"parts", "register"})):
        assert mined.negatives
        assert not {known[key] for key in gold} & set(mined.negatives)
        assert len(mined.negatives) <= KEPT


def test_a_copy_of_a_gold_document_is_no_negative(dataset: Dataset, tmp_path: Path) -> None:
    only_the_copy = replace(dataset, gold={**GOLD, "q1": frozenset({"parts-copy"})})
    one, *_ = run(only_the_copy, tmp_path / "mined.jsonl", services(with_a_copy_of("parts", "parts-copy")))
    assert one.positives == (texts()["parts"],)
    assert texts()["parts"] not in one.negatives


def test_what_the_caller_may_not_read_is_not_mined(dataset: Dataset, tmp_path: Path) -> None:
    mined = run(dataset, tmp_path / "mined.jsonl", services(lake()))
    assert not any("9.57 EUR" in text for each in mined for text in (*each.positives, *each.negatives))


def test_mining_goes_on_where_it_was_cut_off(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mined.jsonl"
    whole = run(dataset, path, services(lake()))
    complete = path.read_bytes()
    path.write_bytes(complete[: len(complete) - 20])  # in the middle of the last question
    asking = services(lake())
    assert run(dataset, path, asking) == whole
    assert path.read_bytes() == complete
    assert isinstance(asking.index, MemoryIndex)
    assert asking.index.calls["candidates"] >= 1
    again = services(lake())
    run(dataset, path, again)
    assert again.index.calls["candidates"] == 0


def test_a_larger_limit_adds_questions(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mined.jsonl"
    assert [each.query for each in run(dataset, path, services(lake()), 1)] == ["q1"]
    assert [each.query for each in run(dataset, path, services(lake()), 3)] == ["q1", "q2", "q3"]
    assert [json.loads(line).get("query") for line in path.read_text().splitlines()] == [None, "q1", "q2", "q3"]


def test_what_is_all_mined_needs_no_asking(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mined.jsonl"
    model = BagOfWords.model
    assert mined_before(dataset, path, model, 2) is None
    two = run(dataset, path, services(lake()), 2)
    assert mined_before(dataset, path, model, 2) == two
    assert mined_before(dataset, path, model, 1) == two[:1]
    assert mined_before(dataset, path, model, 3) is None
    with pytest.raises(Conflict):
        mined_before(dataset, path, "another", 2)


def test_a_file_mined_with_another_encoder_is_not_gone_on_with(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mined.jsonl"
    run(dataset, path, services(lake()))
    other = BagOfWords()
    other.model = "another"
    with pytest.raises(Conflict, match="another"):
        run(dataset, path, services(lake(), embedder=other))


def question(number: int, negatives: int) -> Mined:
    return Mined(
        query=str(number),
        question=f"question {number}",
        positives=(f"right {number}", f"right as well {number}"),
        positive_ranks=(1, 2),
        negatives=tuple(f"wrong {number} {n}" for n in range(negatives)),
        missed=0,
    )


def test_each_positive_gives_a_triplet_with_the_hardest_negatives() -> None:
    made = triplets([question(1, 5), question(2, 1)], 2)
    assert [(t.anchor, t.positive) for t in made] == [("question 1", "right 1"), ("question 1", "right as well 1")]
    assert {t.negatives for t in made} == {("wrong 1 0", "wrong 1 1")}


def test_no_question_is_both_learned_from_and_kept_back() -> None:
    used, kept = split({"a": [question(n, 3) for n in range(25)], "b": [question(100 + n, 3) for n in range(10)]}, 3)
    assert len(used) == 2 * 32
    assert len(kept) == 2 * 3
    assert not {t.anchor for t in used} & {t.anchor for t in kept}


def test_a_family_is_left_out_whole() -> None:
    folders = [Path("2wiki-51"), Path("2wiki-train-500"), Path("nq-even")]
    assert chosen(folders, "2wiki") == [Path("nq-even")]
    assert chosen(folders, "") == folders
    for without, given in (("nq", folders[2:]), ("2wiki-51", folders)):
        with pytest.raises(InvalidInput):
            chosen(given, without)
