"""Translations beside what is cited: for who asks in their language, and never in place of the original."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from kgqa.ask.personal import masked_tokens, revealed
from kgqa.ask.pipeline import answer, answer_events
from kgqa.model.answer import Answer, SourcesFound
from kgqa.rendering import answer_json, print_answer
from kgqa.text.pseudonyms import Pseudonyms
from tests.unit.ask.doubles import PUBLIC, MemoryLake, services
from tests.unit.ask.lakes import lake

SPANISH = "El error E-417 significa agua en la bomba P350; la pieza es HP-7731-04."
ENGLISH = "The error E-417 means water in the pump P350; the part is HP-7731-04."
QUESTION = "What does the error E-417 of the P350 mean?"


def spanish_lake(translation: str = ENGLISH) -> MemoryLake:
    found = lake([("p350", "P350", SPANISH, 1)])
    (stored,) = found.chunks
    chunk = replace(stored.chunk, language="es", translation=translation, translation_language="en")
    found.chunks = [replace(stored, chunk=chunk)]
    return found


def ask(question: str) -> Answer:
    return answer(question, PUBLIC, "test", services(spanish_lake()))


def test_an_answer_stays_in_the_words_of_the_document_with_the_translation_beside_it() -> None:
    found = ask(QUESTION)
    (citation,) = found.citations
    assert SPANISH.rstrip(".") in found.text
    assert citation.quote == SPANISH[citation.start : citation.end]
    assert (citation.translation, citation.translation_language) == (ENGLISH, "en")
    assert found.evidence.chunks[0].translation == ENGLISH


def test_who_asks_in_another_language_is_shown_no_translation() -> None:
    found = ask("¿Qué significa el error E-417 de la bomba P350 en el manual?")
    assert found.citations
    assert {(c.translation, c.translation_language) for c in found.citations} == {("", "")}
    assert {c.translation for c in found.evidence.chunks} == {""}
    events = answer_events("¿Qué significa el error E-417?", PUBLIC, "test", services(spanish_lake()))
    assert {c.translation for e in events if isinstance(e, SourcesFound) for c in e.chunks} == {""}


@pytest.mark.parametrize("explain", [False, True])
def test_the_terminal_and_json_show_it_as_a_machines(*, explain: bool) -> None:
    found = ask(QUESTION)
    console = Console(record=True, width=400)
    print_answer(found, console, explain=explain)
    assert f"the passage in en, by machine: {ENGLISH}" in console.export_text()
    written = json.loads(json.dumps(answer_json(found)))
    for shown in (written["citations"][0], written["evidence"]["chunks"][0]):
        assert (shown["translation"], shown["translationLanguage"]) == (ENGLISH, "en")
    plain = replace(found.citations[0], translation="", translation_language="")
    assert answer_json(replace(found, citations=(plain,)))["citations"][0]["translation"] is None  # type: ignore[index]


def test_masked_values_in_a_translation_are_shown_to_who_may_see_them() -> None:
    token = Pseudonyms(key=b"key", collection="test").token("Elena Ruiz", "PERSON")
    shown = answer(QUESTION, PUBLIC, "test", services(spanish_lake(f"{ENGLISH} {token} said so.")))
    assert masked_tokens(shown) == [token]
    clear = revealed(shown, {token: "Elena Ruiz"})
    assert clear.citations[0].translation == f"{ENGLISH} Elena Ruiz said so."
    assert clear.evidence.chunks[0].translation == clear.citations[0].translation
