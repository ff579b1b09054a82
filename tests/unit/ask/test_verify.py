import pytest

from kgqa.ask.cite import Citations, attach
from kgqa.ask.passages import passages
from kgqa.ask.reasons import Reasons
from kgqa.ask.statements import Quote, Statement
from kgqa.ask.verify import copied, facts_hold, supported
from tests.unit.ask.lakes import lake

CHUNKS = {c.chunk.document_key: c.chunk for c in lake().chunks}
POOL = passages(list(CHUNKS.values()), {}, (), "en")


def _statement(text: str, key: str) -> Statement:
    chunk = CHUNKS[key]
    return Statement(text=text, quotes=(Quote(chunk=chunk, start=0, end=len(chunk.text)),))


def test_a_copied_sentence_must_stand_in_its_quote():
    assert copied(_statement("The soup of the day is lentil.", "canteen"))
    assert not copied(_statement("The soup of the day is tomato.", "canteen"))
    assert not copied(_statement("", "canteen"))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("The part HP-7731-04 comes from the supplier Kestrel Seals.", True),
        ("The part HP-7731-05 comes from the supplier Kestrel Seals.", False),
        ("The part HP-7731-04 comes from the supplier Northline.", False),
        ("Nobody would ever guess where those shiny things were manufactured.", False),
    ],
)
def test_a_written_sentence_must_use_the_facts_of_its_quote(text, held):
    assert supported(_statement(text, "parts"), "en") is held


def test_numbers_must_match_as_a_whole():
    assert facts_hold("It weighs 41 kg.", "weight 41 kg")
    assert not facts_hold("It weighs 4 kg.", "weight 41 kg")


def test_a_written_sentence_is_matched_to_its_evidence_and_its_own_marks_are_dropped():
    statement = attach("HP-7731-04 is supplied by Kestrel Seals [7].", POOL, "en")
    assert statement.text == "HP-7731-04 is supplied by Kestrel Seals."
    assert statement.quotes[0].chunk.document_key == "parts"


def test_the_same_quote_keeps_its_number_and_the_quote_is_the_document_text():
    citations = Citations()
    unknown = Reasons(places={}, ranks={}, paths={})
    first, new = citations.mark(_statement("The soup.", "canteen"), unknown)
    again, none = citations.mark(_statement("Soup again.", "canteen"), unknown)
    assert (first, again, none) == ("The soup. [1]", "Soup again. [1]", [])
    chunk = CHUNKS["canteen"]
    assert new[0].quote == chunk.text[new[0].start - chunk.start : new[0].end - chunk.start]
