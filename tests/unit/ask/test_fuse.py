from dataclasses import replace

import numpy as np

from kgqa.ask.features import FEATURES, are_tied
from kgqa.ask.fuse import fuse, settle
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


def test_where_titles_tie_candidates_together_the_ranker_orders():
    scores = np.array([0.1, 0.9, 0.5], np.float32)
    said = settle((7, 8, 9), scores, tied=True)
    assert sorted(said, key=lambda chunk: -said[chunk]) == [8, 9, 7]


def test_where_nothing_ties_them_base_and_ranker_have_an_equal_say():
    # ranks of the ranker: 3, 1, 2, 4; of the base: 1, 2, 3, 4
    said = settle((7, 8, 9, 10), np.array([0.1, 0.9, 0.5, 0.0], np.float32), tied=False)
    assert sorted(said, key=lambda chunk: -said[chunk]) == [8, 7, 9, 10]
    even = settle((7, 8), np.array([0.1, 0.9], np.float32), tied=False)
    assert even[7] > even[8]


def test_candidates_are_tied_by_a_title_that_is_asked_for_or_linked():
    nothing = np.zeros((3, len(FEATURES)), np.float32)
    assert not are_tied(nothing)
    for name in ("asked_titles", "link"):
        matrix = nothing.copy()
        matrix[1, FEATURES.index(name)] = 1.0
        assert are_tied(matrix)
