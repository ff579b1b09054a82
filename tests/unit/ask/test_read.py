"""A reader's word for the short answer."""

import pytest

from kgqa.ask.compose import Draft
from kgqa.ask.passages import passages
from kgqa.ask.pipeline import answer
from kgqa.ask.read import shorten
from kgqa.ask.understand import understand
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import lake

QUESTION = "What does E-203 mean?"
NESTED = "Which supplier makes the part behind error E-417 on the pump that replaced the P200?"


class Pointing:
    """A reader that points at some words, wherever they are, or at a place."""

    def __init__(self, words: str = "", place: tuple[int, int] | None = None) -> None:
        self.words, self.place = words, place
        self.texts: list[str] = []

    def read(self, question: str, text: str) -> tuple[int, int] | None:
        self.texts.append(text)
        start = text.find(self.words)
        return self.place or ((start, start + len(self.words)) if self.words and start >= 0 else None)


def test_the_readers_span_is_the_short_answer():
    reader = Pointing("the pump runs dry:")
    given = answer(QUESTION, PUBLIC, "test", services(lake(), reader=reader))
    assert given.short == "the pump runs dry"
    assert given.short in given.text
    assert reader.texts == ["E-203 means the pump runs dry: open the valve."]


@pytest.mark.parametrize("reader", [Pointing(), Pointing(place=(0, 0)), Pointing(place=(45, 46))])
def test_without_a_span_the_composers_answer_stays(reader: Pointing):
    composed = answer(QUESTION, PUBLIC, "test", services(lake()))
    assert answer(QUESTION, PUBLIC, "test", services(lake(), reader=reader)).short == composed.short


def test_a_span_over_two_sentences_is_no_answer():
    asking = services(lake())
    view = asking.index.view(PUBLIC, "test")
    chunks = asking.index.evidence(
        view, [c.chunk.chunk_id for c in lake().chunks if c.chunk.document_key == "lifecycle"]
    )
    first, second = passages(chunks, {}, (), "en")
    draft = Draft(passages=(first, second), short="P350", coverage=1.0)
    question = understand("Which pump?", view, asking.index, asking.extractor, most_characters=100)
    across = Pointing(place=(len(first.text) - 5, len(first.text) + 5))
    assert shorten(draft, question, across) == draft
    inside = Pointing("replaced the P200")
    assert shorten(draft, question, inside).short == "replaced the P200"
    assert inside.texts == [f"{first.text} {second.text}"]


def test_what_was_answered_step_by_step_is_not_read_again():
    reader = Pointing("Part")
    assert answer(NESTED, PUBLIC, "test", services(lake(), reader=reader)).short == "Kestrel Seals"
    assert not reader.texts


def test_an_abstention_stays_one():
    given = answer("Who paints the fence of the moon base?", PUBLIC, "test", services(lake(), reader=Pointing("The")))
    assert given.abstained
    assert given.short == ""
