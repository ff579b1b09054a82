"""Programs: the same for the same seed, and never a change of what is not there."""

from __future__ import annotations

from itertools import islice

import pytest

from kgqa.soak.program import FAULTS, MOST_AT_ONCE, Page, rounds


@pytest.mark.parametrize("seed", range(5))
def test_a_longer_program_begins_as_a_shorter_one(seed: int) -> None:
    short, long = list(rounds(seed, 50)), list(rounds(seed, 80))
    assert [r.operations for r in short[:-1]] == [r.operations for r in long[: len(short) - 1]]
    assert [o.number for r in long for o in r.operations] == list(range(80))
    assert short[-1].operations == long[len(short) - 1].operations[: len(short[-1].operations)]


@pytest.mark.parametrize("seed", range(5))
def test_each_round_leads_from_one_lake_to_the_next(seed: int) -> None:
    lake: dict[str, Page] = {}
    actions: set[str] = set()
    for each in rounds(seed, 200):
        keys = [key for operation in each.operations for key in operation.changes]
        assert len(keys) == len(set(keys)), "what runs at the same time touches different documents"
        assert len(each.operations) <= MOST_AT_ONCE
        for operation in each.operations:
            actions.add(operation.action)
            for key, page in operation.changes.items():
                if page is None:
                    del lake[key]  # it was there
                else:
                    lake[key] = page
        assert each.lake == lake
    assert actions == {"upsert", "edit", "delete", "move", "access"}
    assert {r.fault for r in islice(rounds(seed, 500), 200)} == {None, *FAULTS}
