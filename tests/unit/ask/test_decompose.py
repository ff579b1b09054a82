"""Nested questions fall into steps, the inner one first."""

import pytest

from kgqa.ask.asks import asks
from kgqa.ask.decompose import steps
from kgqa.model.answer import Question
from kgqa.model.identity import stable_id
from kgqa.text.names import normalise

KINDS = frozenset({"part", "number", "change", "order"})


def question(text: str, language: str, names: list[str]) -> Question:
    norms = tuple(normalise(name) for name in names)
    return Question(
        text=text,
        language=language,
        name_ids=tuple(stable_id("name", norm) for norm in norms),
        names=norms,
        answer_type="",
        surfaces=tuple(names),
    )


@pytest.mark.parametrize(
    ("text", "language", "names", "nouns"),
    [
        ("Who signed off CO-2041?", "en", ["CO-2041"], ["signed off CO-2041"]),
        (
            "In which bin do we keep the part behind error E-417 on the pump that replaced the P200?",
            "en",
            ["E-417", "P200"],
            ["pump", "part", "bin"],
        ),
        ("What is the extension of the person who signed off CO-2063?", "en", ["CO-2063"], ["person", "extension"]),
        ("¿En qué año se fundó el fabricante de la pieza que pide el error E-318?", "es", ["E-318"], None),
        ("To what torque are the casing bolts of the P350 tightened?", "en", ["P350"], ["torque"]),
        ("Which supplier makes the part HP-7731-04?", "en", ["HP-7731-04"], ["supplier makes"]),
    ],
)
def test_every_unnamed_thing_is_a_step(text: str, language: str, names: list[str], nouns: list[str] | None):
    asked = question(text, language, names)
    found = [step.noun for step in steps(asks(text, language)[0], asked, KINDS)]
    assert found == (nouns or ["pieza", "fabricante", "año"])


def test_each_step_keeps_its_own_names():
    text = "In which bin is the part behind error E-417 on the pump that replaced the P200?"
    inner, middle, last = steps(asks(text, "en")[0], question(text, "en", ["E-417", "P200"]), KINDS)
    assert inner.names == {stable_id("name", normalise("P200"))}
    assert middle.names == {stable_id("name", normalise("E-417"))}
    assert last.names == frozenset()


def test_a_word_between_a_thing_and_its_clause_belongs_to_what_is_asked_last():
    text = "In what year was the company founded that supplies part HP-2205-02?"
    inner, last = steps(asks(text, "en")[0], question(text, "en", ["HP-2205-02"]), KINDS)
    assert "founded" not in inner.text
    assert "founded" in last.text
