"""Questions to a masked collection hold its tokens; answers show values only where somebody gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgqa.ask.personal import QuestionMask, masked_tokens, revealed
from kgqa.model.answer import Answer, Evidence, View
from kgqa.model.pii import PiiSpan
from kgqa.ports import NameHit
from kgqa.text.names import normalise
from kgqa.text.pseudonyms import Pseudonyms
from tests.unit.ask.doubles import PUBLIC

NAMES = Pseudonyms(key=b"key", collection="test")
ELENA = NAMES.token("Elena Ruiz", "PERSON")
VIEW = View(caller=PUBLIC, collection="test", collection_id=1, generation=1, classes=(1,))


@dataclass
class Names:
    """An index that knows names only."""

    known: frozenset[str] = frozenset((normalise(ELENA),))

    def names(self, view: View, norms: Sequence[str]) -> list[NameHit]:
        return [NameHit(name_id=n, norm=norm) for n, norm in enumerate(norms) if norm in self.known]


@dataclass(frozen=True)
class Detects:
    value: str = ""
    types: frozenset[str] = frozenset(("PERSON", "PHONE_NUMBER"))

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        at = text.find(self.value) if self.value else -1
        return [PiiSpan(start=at, end=at + len(self.value), type="PERSON")] if at >= 0 else []


def masked(text: str, detects: str = "", index: object = None) -> str:
    return QuestionMask(pseudonyms=NAMES, detector=Detects(detects)).mask(text, VIEW, index or Names())  # type: ignore[arg-type]


def test_a_value_of_the_collection_is_masked_however_it_is_written():
    assert masked("What did Elena Ruiz order?") == f"What did {ELENA} order?"
    assert masked("what did elena  ruiz order") == f"what did {ELENA} order"


def test_a_value_that_the_view_does_not_see_stays_unless_it_is_detected():
    assert masked("Who is Elena Ruiz?", index=Names(frozenset())) == "Who is Elena Ruiz?"
    other = NAMES.token("Jonas Weber", "PERSON")
    assert masked("Did Elena Ruiz meet Jonas Weber?", "Jonas Weber") == f"Did {ELENA} meet {other}?"


def test_a_token_in_the_question_stays():
    assert masked(f"What did {ELENA} order?") == f"What did {ELENA} order?"


def test_an_answer_shows_the_values_that_are_given_and_no_other():
    other = NAMES.token("Jonas Weber", "PERSON")
    answer = Answer(
        question=f"Who met {ELENA}?", text=f"{other} met {ELENA}. [1]", short=other, abstained=False, confidence=None,
        citations=(), evidence=Evidence(), warnings=(), timings={},
    )  # fmt: skip
    assert masked_tokens(answer) == [ELENA, other]
    shown = revealed(answer, {ELENA: "Elena Ruiz"})
    assert (shown.question, shown.text, shown.short) == ("Who met Elena Ruiz?", f"{other} met Elena Ruiz. [1]", other)
