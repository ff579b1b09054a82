"""Golden questions: read from a file, and what a generation that finds fewer is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from kgqa import reindex
from kgqa.errors import Conflict, InvalidInput
from kgqa.reindex import GoldenQuestion, check, read_golden

GOLDEN = GoldenQuestion(question="q", documents=frozenset({"a"}), collection="lake", principal="public")


class Whole:
    """A store and a graph in which nothing is wrong."""

    def generation(self) -> Any:
        return SimpleNamespace(id=2)

    def check(self, generation: int) -> list[Any]:
        return [("live", [])]

    def compare(self, generation: int) -> None:
        return None


def services() -> Any:
    whole = Whole()
    other = SimpleNamespace(store=whole, graph=whole)
    return SimpleNamespace(store=whole, graph=whole, at=lambda _: other)


def judge(monkeypatch: pytest.MonkeyPatch, before: int, now: int, golden: list[GoldenQuestion]) -> tuple[int, ...]:
    active = services()
    monkeypatch.setattr(reindex, "count_found", lambda asked, _: before if asked is active else now)
    return check(cast("Any", active), 2, golden, Console(quiet=True))


def test_a_generation_that_finds_as_many_golden_questions_is_taken(monkeypatch) -> None:
    assert judge(monkeypatch, 3, 3, [GOLDEN]) == (3, 3)
    assert judge(monkeypatch, 3, 4, [GOLDEN]) == (3, 4)
    assert judge(monkeypatch, 3, 0, []) == ()


def test_one_that_finds_fewer_is_refused_with_both_numbers(monkeypatch) -> None:
    with pytest.raises(Conflict, match="of 2 golden questions, the active one of 3"):
        judge(monkeypatch, 3, 2, [GOLDEN])


def test_golden_questions_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text(
        '{"question": "q", "documents": ["a"]}\n\n{"question": "none", "documents": []}\n'
        '{"question": "r", "documents": ["b", "c"], "collection": "other", "as": "user:ivy"}\n'
    )
    other = GoldenQuestion(question="r", documents=frozenset("bc"), collection="other", principal="user:ivy")
    assert read_golden(path, "lake") == [GOLDEN, other]


@pytest.mark.parametrize("line", ["no json", "[]", '{"question": "q"}', '{"question": "q", "documents": 3}'])
def test_a_line_that_is_none_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text('{"question": "q", "documents": ["a"]}\n' + line + "\n")
    with pytest.raises(InvalidInput, match=r"Line 2 of golden\.jsonl"):
        read_golden(path, "lake")
