from dataclasses import replace

from kgqa.ask.fuse import fuse
from kgqa.ask.retrieve import Candidate
from kgqa.model.answer import AskOptions, Question

QUESTION = Question(text="?", language="en", name_ids=(1,), names=("x",))
BASE = tuple(
    Candidate(chunk_id=n, score=s, language="en", keyword=k, vector=v, sentence=0)
    for n, s, k, v in [(1, 0.9, 1.0, 0.1), (2, 0.5, 3.0, 0.2), (3, 0.1, 0.0, 0.9)]
)
WALK = {3: 0.5, 4: 0.4, 1: 0.1}


def test_walk_order_follows_the_pinned_first_and_the_base_fills_up():
    assert fuse(QUESTION, BASE, WALK, {}, AskOptions()) == (1, 3, 4, 2)


def test_nothing_is_pinned_across_languages():
    assert fuse(replace(QUESTION, language="es"), BASE, WALK, {}, AskOptions()) == (3, 4, 1, 2)


def test_gate_keeps_the_base_order_for_a_question_without_names():
    question = replace(QUESTION, name_ids=(), names=())
    assert fuse(question, BASE, WALK, {}, AskOptions(gate=True)) == (1, 2, 3)
    assert fuse(question, BASE, WALK, {}, AskOptions()) == (1, 3, 4, 2)


def test_single_modes_order_by_one_score():
    assert fuse(QUESTION, BASE, {}, {}, AskOptions(mode="keyword")) == (2, 1)
    assert fuse(QUESTION, BASE, {}, {}, AskOptions(mode="vector")) == (3, 2, 1)
    assert fuse(QUESTION, BASE, {}, {}, AskOptions(mode="fused")) == (1, 2, 3)
