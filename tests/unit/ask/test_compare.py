"""Comparison questions over documents of both sides."""

import pytest

from kgqa.ask.pipeline import answer
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import lake

TEXTS = (
    ("north", "North Wind", "North Wind is a 1962 Italian drama film directed by Ada Rossi.", 1),
    ("south", "South Gate (film)", "South Gate is a 1958 comedy film. It was directed by Max Hale in Berlin.", 1),
    ("ada", "Ada Rossi", "Ada Rossi (12 March 1920 – 4 May 1999) was an Italian film director.", 1),
    ("max", "Max Hale", "Max Hale (born April 2, 1920) was an Italian-American director. He died on 9 June 1987.", 1),
    ("lena", "Lena Petrov", "Lena Petrov is a Russian chess player who was born in 1988.", 1),
    ("ulf", "Ulf Berg", "Ulf Berg (born 7 July 1988) is a Swedish chess player and writer.", 1),
    ("tarn", "Tarn", "Tarn is a village in Vestland, Norway.", 1),
    ("hvik", "Hvik", "Hvik is a village near Bergen in Norway.", 1),
    ("secret", "Old Mill", "Old Mill is a 1911 film.", 2),
)
NAMES = {
    "North Wind": "WORK_OF_ART", "South Gate": "WORK_OF_ART", "Ada Rossi": "PERSON", "Max Hale": "PERSON",
    "Lena Petrov": "PERSON", "Ulf Berg": "PERSON", "Italian": "NORP", "American": "NORP", "Russian": "NORP",
    "Swedish": "NORP", "Norway": "GPE", "Bergen": "GPE", "Vestland": "GPE", "Tarn": "GPE", "Hvik": "GPE",
    "Berlin": "GPE", "Old Mill": "WORK_OF_ART",
}  # fmt: skip


def asked(question: str):
    return answer(question, PUBLIC, "test", services(lake(TEXTS, NAMES)))


@pytest.mark.parametrize(
    ("question", "short", "cited"),
    [
        ("Which film was released first, North Wind or South Gate?", "South Gate", {"north", "south"}),
        ("Which film came out later, North Wind or South Gate?", "North Wind", {"north", "south"}),
        ("Who was born first, Ada Rossi or Max Hale?", "Ada Rossi", {"ada", "max"}),
        ("Who is younger, Ada Rossi or Max Hale?", "Max Hale", {"ada", "max"}),
        ("Who died earlier, Ada Rossi or Max Hale?", "Max Hale", {"ada", "max"}),
        ("Are Ada Rossi and Max Hale of the same nationality?", "yes", {"ada", "max"}),
        ("Do Lena Petrov and Ulf Berg have the same nationality?", "no", {"lena", "ulf"}),
        ("Are Tarn and Hvik located in the same country?", "yes", {"tarn", "hvik"}),
        ("Are Lena Petrov and Ulf Berg both chess players?", "yes", {"lena", "ulf"}),
        ("Are Lena Petrov and Ulf Berg both writers?", "no", {"lena", "ulf"}),
    ],
)
def test_two_things_are_compared_by_what_their_documents_say(question: str, short: str, cited: set[str]):
    given = asked(question)
    assert given.short == short
    assert {citation.document_key for citation in given.citations} == cited


def test_films_are_compared_by_their_directors_and_the_way_there_is_cited():
    given = asked("Which film has the director who died first, North Wind or South Gate?")
    assert given.short == "South Gate"
    assert {citation.document_key for citation in given.citations} == {"north", "ada", "south", "max"}


@pytest.mark.parametrize(
    "question",
    [
        "Who is older, Lena Petrov or Ulf Berg?",  # 1988 and a day of 1988
        "Which film was released first, North Wind or Old Mill?",  # not for everybody
        "Which film was released first, North Wind or Silent Bay?",  # of no document
        "Who died first, Lena Petrov or Ulf Berg?",
        "¿Quién nació antes, Ada Rossi o Max Hale?",
    ],
)
def test_what_the_documents_do_not_tell_is_not_decided(question: str):
    assert asked(question).short not in {"Ada Rossi", "Lena Petrov", "Ulf Berg", "North Wind", "South Gate", "Old Mill"}
