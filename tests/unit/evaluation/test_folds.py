"""Which sets each packaged model learns from."""

from __future__ import annotations

import numpy as np

from kgqa.evaluation.commands import folds
from kgqa.evaluation.training import Judged


def named(name: str) -> Judged:
    return Judged(
        name=name, matrix=np.empty((0, 1), np.float32), labels=np.empty(0, np.int32), sizes=np.empty(0, np.int32)
    )


def test_every_family_is_left_out_once_with_all_its_sets() -> None:
    sets = [named(name) for name in ("2wiki-51", "2wiki-train-500", "nq-even")]
    found = {name: [each.name for each in taught] for name, taught in folds(sets)}
    assert found == {
        "all": ["2wiki-51", "2wiki-train-500", "nq-even"],
        "without-2wiki": ["nq-even"],
        "without-nq": ["2wiki-51", "2wiki-train-500"],
    }


def test_a_family_that_is_all_there_is_has_no_model_without_it() -> None:
    assert [name for name, _ in folds([named("2wiki-51"), named("2wiki-train-500")])] == ["all"]
