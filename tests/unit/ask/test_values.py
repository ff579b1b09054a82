"""Short answers from one sentence or row."""

import pytest

from kgqa.ask.asks import asks
from kgqa.ask.passages import passages
from kgqa.ask.values import short_answer
from kgqa.ask.words import terms
from tests.unit.ask.lakes import lake


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        (
            "What is the telephone number of the desk?",
            "The desk: telephone number +44 20 7946 0018, room A2.",
            "+44 20 7946 0018",
        ),
        ("What is the telephone extension of Ann Lee?", "Ann Lee has telephone extension 4103.", "4103"),
        ("What is the telephone number of the colleague on call?", "Sent HP-6077-03 to the colleague on call.", ""),
        ("What is the fax number of the colleague on call?", "The colleague on call came on 2024-06-21.", ""),
        ("How loud is the AquaFlow P350 in decibels?", "Product: AquaFlow P200; Replaced by: AquaFlow P350", ""),
        ("How heavy is the AquaFlow P350?", "Product: AquaFlow P350; Weight: 14 kg; Flow: 60 l/min", "14 kg"),
        ("How many pumps does the C60 control?", "The C60 stops all pumps at 70 °C.", ""),
    ],
)
def test_the_short_answer_is_of_the_kind_that_is_asked_for(question, text, short):
    asked = asks(question, "en")
    (passage, *_) = passages([stored.chunk for stored in lake((("doc", "", text, 1),)).chunks], {}, (), "en")
    assert short_answer(asked, [passage], [1.0], terms(question, "en"), "en") == short
