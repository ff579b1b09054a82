"""Why each citation is there, and how a terminal shows it."""

import json

import numpy as np
from rich.console import Console

from kgqa.ask.pipeline import answer
from kgqa.ask.rank import Ranking
from kgqa.ask.reasons import Reasons
from kgqa.ask.retrieve import Candidate
from kgqa.ask.statements import Quote, Statement
from kgqa.model.answer import Answer, ListPlace, Question
from kgqa.ports import MentionRow
from kgqa.rendering import answer_json, print_answer
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import lake

CHUNKS = [c.chunk for c in lake().chunks][:3]
HARD = (
    "Which supplier makes the part behind error E-417 on the pump that replaced the P200, "
    "and who signed off the change?"
)


def candidate(chunk: int, keyword: float, vector: float) -> Candidate:
    return Candidate(chunk_id=chunk, score=0.0, keyword=keyword, vector=vector, sentence=0.0, language="en")


def mention(chunk: int, name: int) -> MentionRow:
    return MentionRow(chunk_id=chunk, start=0, end=4, name_id=name, norm=f"name {name}", is_title=False, type="")


def reasons() -> Reasons:
    """The first chunk holds the question's name 1, the second shares name 2 with it, the third stands alone."""
    a, b, c = (chunk.chunk_id for chunk in CHUNKS)
    ranking = Ranking(
        question=Question(text="?", language="en", name_ids=(1,), names=("name 1",)),
        vector=np.zeros(1, np.float32),
        base=(candidate(a, 2.0, 0.8), candidate(c, 0.0, 0.9)),
        walked={a: 0.2, b: 0.7},
        learned={},
        ranked=None,
        order=(a, b, c),
    )
    return Reasons.of(ranking, CHUNKS, [mention(a, 1), mention(a, 2), mention(b, 2), mention(c, 3)])


def statement(text: str, place: int) -> Statement:
    chunk = CHUNKS[place]
    return Statement(text=text, quotes=(Quote(chunk=chunk, start=0, end=len(chunk.text)),))


def test_places_are_those_of_each_list_that_found_the_chunk():
    known = reasons()
    places = [known.why(chunk.chunk_id, statement("x", n)).lists for n, chunk in enumerate(CHUNKS)]
    assert places == [
        (ListPlace(name="keyword", place=1), ListPlace(name="vector", place=2), ListPlace(name="graph", place=2)),
        (ListPlace(name="graph", place=1),),
        (ListPlace(name="vector", place=1),),
    ]


def test_a_path_leads_from_a_name_of_the_question_or_there_is_none():
    known = reasons()
    paths = [known.paths.get(chunk.chunk_id) for chunk in CHUNKS]
    a, b, _ = (chunk.chunk_id for chunk in CHUNKS)
    assert [path and path.nodes for path in paths] == [
        ("name:1", f"chunk:{a}"),
        ("name:1", f"chunk:{a}", "name:2", f"chunk:{b}"),
        None,
    ]
    assert [path and path.chunk_ids for path in paths] == [(a,), (a, b), None]
    assert known.why(CHUNKS[2].chunk_id, statement("x", 2)).path == ""


def test_a_sentence_is_copied_or_supported():
    known, chunk = reasons(), CHUNKS[0]
    assert known.why(chunk.chunk_id, statement(chunk.text, 0)).verified == "copied"
    assert known.why(chunk.chunk_id, statement("In other words.", 0)).verified == "supported"


def given() -> Answer:
    return answer(HARD, PUBLIC, "test", services(lake()))


def test_every_citation_of_an_answer_says_why_it_is_there():
    result = given()
    ranks = {chunk.chunk_id: chunk.rank for chunk in result.evidence.chunks}
    assert result.citations
    assert all(c.reason.rank == ranks[c.chunk_id] > 0 for c in result.citations)
    assert any(c.reason.path for c in result.citations)
    evidence = {chunk.chunk_id for chunk in result.evidence.chunks}
    assert all(set(path.chunk_ids) <= evidence for path in result.evidence.paths)


def test_the_terminal_and_json_show_reasons_names_and_paths():
    result = given()
    console = Console(record=True, width=400)
    print_answer(result, console, explain=True)
    shown = console.export_text()
    assert shown.count("why: ") == len(result.citations)
    assert all(c.reason.path in shown for c in result.citations)
    assert "names: " in shown
    console = Console(record=True, width=400)
    print_answer(result, console)
    assert "why: " not in console.export_text()
    written = json.loads(json.dumps(answer_json(result)))
    assert [c["reason"]["rank"] for c in written["citations"]] == [c.reason.rank for c in result.citations]
    assert written["evidence"]["paths"][0]["chunkIds"]
