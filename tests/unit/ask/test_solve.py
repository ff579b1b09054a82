"""Steps lead from name to name, over a lake in memory."""

import pytest

from kgqa.ask.pipeline import answer
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import NAMES, SUPPORT_DESK, lake

#: the same code stands for another part on the older pump, and another row has the better words
TRAPS = (
    *SUPPORT_DESK,
    ("p200-codes", "P200 manual", "Error E-417 means a hot bearing; the part behind it is HP-2210-11.", 1),
    ("bins", "Bins", "Part: HP-7731-04; Bin: B-14-4", 1),
    ("bins-2", "Bins", "Part: HP-2210-11; Bin: C-17-4", 1),
    ("co-2041", "Change order CO-2041: seal", "Leaks have stopped since the introduction of HP-7731-04.", 1),
    ("register-3", "Register", "Change order: CO-2055; Subject: seal; Signed off by: Ivy Stone", 1),
)
KNOWN = {**NAMES, "P200 manual": "", "P350 manual": "", "CO-2055": "CHANGE_ORDER"}


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("In which bin is the part behind error E-417 on the pump that replaced the P200?", "B-14-4"),
        ("Who signed off the change order that introduced part HP-7731-04?", "Marta Lindqvist"),
    ],
)
def test_the_answer_is_about_what_the_inner_steps_found(question: str, short: str):
    assert answer(question, PUBLIC, "test", services(lake(TRAPS, KNOWN))).short == short


def test_sentences_of_every_step_are_cited():
    question = "In which bin is the part behind error E-417 on the pump that replaced the P200?"
    given = answer(question, PUBLIC, "test", services(lake(TRAPS, KNOWN)))
    assert [c.document_key for c in given.citations] == ["lifecycle", "p350", "bins"]
