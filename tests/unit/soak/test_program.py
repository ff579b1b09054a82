"""Programs: the same for the same seed, and never a change of what is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from kgqa.adapters.kafka.topics import Letter
from kgqa.errors import InvalidInput
from kgqa.ingest.events import Registers, event_document, event_of, read_message, reduce_events
from kgqa.soak.events import Journal, uri
from kgqa.soak.program import FAULTS, MOST_AT_ONCE, Page, rounds
from kgqa.soak.run import comparisons


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


@pytest.mark.parametrize("seed", range(5))
def test_a_document_changes_by_job_in_one_round_and_by_event_in_another(seed: int) -> None:
    ways: dict[str, set[str]] = {}
    for each in rounds(seed, 200):
        for operation in each.operations:
            for key in operation.changes:
                ways.setdefault(key, set()).add(operation.way)
    assert {frozenset(found) for found in ways.values()} >= {frozenset({"job", "event"})}
    mixed = [{o.way for o in each.operations} for each in rounds(seed, 200)]
    assert {"job", "event"} in mixed


@pytest.mark.parametrize("seed", range(5))
def test_the_events_of_a_program_leave_its_lake_however_often_they_are_sent(seed: int) -> None:
    """What jobs change is set by hand; every event counts once, and nothing else about a document is its way's."""
    journal = Journal("soak")
    registers: dict[str, Registers] = {}
    texts: dict[str, bytes] = {}
    repeats = counted = 0
    for each in rounds(seed, 150):
        letters = journal.letters(each)
        repeats += len(letters) - len({letter.value for letter in letters})
        for operation in each.operations:
            if operation.way == "job":
                for key, page in operation.changes.items():
                    texts[key] = page.text.encode() if page else b""
                    before = registers.get(key, Registers())
                    registers[key] = replace(
                        before, is_there=page is not None, principals=page.principals if page else before.principals
                    )
        changes = reduce_events([event_of(read(m), (0, n)) for n, m in enumerate(letters)], registers)
        counted += sum(count for outcome, count in changes.outcomes.items() if outcome != "stale")
        registers |= changes.registers
        for key, ((_, place), principals) in changes.upserts.items():
            document = event_document(read(letters[place]), principals)
            assert (document.uri, document.media_type, document.metadata) == (uri("soak", key), None, {})
            texts[key] = document.data
        found = {k: (texts[k], r.principals) for k, r in registers.items() if r.is_there}
        assert found == {key: (page.text.encode(), page.principals) for key, page in each.lake.items()}
    assert counted == journal.events
    assert repeats


def test_a_run_that_goes_on_compares_what_comes_and_never_what_was() -> None:
    assert comparisons(0, 250, 100) == [100, 200, 250]
    assert comparisons(130, 250, 100) == [200, 250]
    assert comparisons(200, 200, 100) == [200]
    with pytest.raises(InvalidInput, match="played 300"):
        comparisons(300, 250, 100)


def read(letter: Letter) -> Mapping[str, Any]:
    return read_message(letter.value)
