"""Translations of cited passages in GraphQL."""

from __future__ import annotations

from tests.unit.ask.doubles import services
from tests.unit.ask.test_translation import ENGLISH, QUESTION, spanish_lake

ASK = """query ($q: String!) {
    ask(question: $q, collection: "test") {
        citations { quote translation translationLanguage }
        evidence { chunks { text language translation translationLanguage } } } }"""
SEARCH = """query ($q: String!) {
    search(collection: "test", query: $q, first: 5) { language translation translationLanguage } }"""


def test_citations_and_passages_bring_the_translation_when_the_question_is_in_its_language(api) -> None:
    api.services.ask_services = lambda _: services(spanish_lake())
    api.services.index = services(spanish_lake()).index
    found = api(ASK, {"q": QUESTION})["data"]["ask"]
    for shown in (*found["citations"], *found["evidence"]["chunks"]):
        assert (shown["translation"], shown["translationLanguage"]) == (ENGLISH, "en")
    assert found["citations"]
    assert api(SEARCH, {"q": QUESTION})["data"]["search"] == [
        {"language": "es", "translation": ENGLISH, "translationLanguage": "en"}
    ]


def test_otherwise_there_is_none(api) -> None:
    api.services.ask_services = lambda _: services(spanish_lake())
    api.services.index = services(spanish_lake()).index
    question = "¿Qué significa el error E-417 de la bomba P350 en el manual?"
    found = api(ASK, {"q": question})["data"]["ask"]
    assert {shown["translation"] for shown in (*found["citations"], *found["evidence"]["chunks"])} == {None}
    assert api(SEARCH, {"q": question})["data"]["search"][0]["translation"] is None
