from dataclasses import replace

import numpy as np
import pytest

from kgqa.ask.retrieve import base_order, retrieve
from kgqa.model.answer import AskOptions, Question, ScoredChunk
from tests.unit.ask.doubles import PUBLIC, BagOfWords, MemoryIndex
from tests.unit.ask.lakes import lake

OPTIONS = AskOptions()


def _found(chunk_id: int, keyword: float, vector: float, sentence: float, language: str = "en") -> ScoredChunk:
    return ScoredChunk(chunk_id=chunk_id, keyword=keyword, vector=vector, sentence=sentence, language=language)


def test_base_score_is_the_weighted_mix_of_min_max_scores():
    order = base_order([_found(1, 10, 0.8, 0.9), _found(2, 5, 0.9, 0.8), _found(3, 0, 0.7, 0.7)], "en", OPTIONS)
    assert [c.chunk_id for c in order] == [1, 2, 3]
    assert [c.score for c in order] == pytest.approx([0.35 + 0.15 + 0.35, 0.175 + 0.30 + 0.175, 0.0])


def test_keyword_scores_say_nothing_about_a_chunk_in_another_language():
    order = base_order([_found(1, 10, 0.8, 0.8, "en"), _found(2, 0, 0.9, 0.9, "en")], "es", OPTIONS)
    assert [(c.chunk_id, c.score) for c in order] == [(2, pytest.approx(1.0)), (1, pytest.approx(0.0))]


def test_keyword_scores_count_for_a_chunk_that_is_translated_to_the_questions_language():
    translated = replace(_found(1, 10, 0.8, 0.8, "es"), translation_language="en")
    found = [translated, _found(2, 5, 0.8, 0.8, "es")]
    assert [(c.chunk_id, c.score) for c in base_order(found, "en", OPTIONS)] == [(1, pytest.approx(0.35)), (2, 0.0)]
    assert {c.score for c in base_order(found, "fr", OPTIONS)} == {0.0}


def test_undetermined_language_is_no_other_language():
    order = base_order([_found(1, 10, 0.8, 0.8, "und"), _found(2, 0, 0.8, 0.8, "und")], "es", OPTIONS)
    assert order[0].chunk_id == 1
    assert order[0].score == pytest.approx(0.35)


def test_equal_scores_are_ordered_by_id_whatever_the_input_order():
    found = [_found(n, 1, 0.5, 0.5) for n in (7, 3, 5)]
    assert [c.chunk_id for c in base_order(found, "en", OPTIONS)] == [3, 5, 7]


def test_no_candidates_give_no_order():
    assert base_order([], "en", OPTIONS) == ()


@pytest.mark.parametrize(
    ("weight", "part"),
    [("keyword_weight", "keyword"), ("vector_weight", "vector"), ("sentence_weight", "sentence")],
)
def test_a_list_of_weight_0_finds_nothing_and_shows_nothing(weight, part):
    text = "Who signed off CO-2041?"
    options = replace(OPTIONS, list_depth=2, **{weight: 0.0})
    store = lake()
    index = MemoryIndex(store)
    view = index.view(PUBLIC, "test")
    vector = BagOfWords().embed([text], "query")[0]
    found = retrieve(Question(text=text, language="en"), vector, view, index, options)
    assert found
    assert {getattr(c, part) for c in found} == {0.0}
    everything = index.candidates(view, vector=vector, text=text, depth=len(store.chunks))
    heads: set[int] = set()
    for other in {"keyword", "vector", "sentence"} - {part}:
        scores = {c.chunk_id: getattr(c, other) for c in everything if other != "keyword" or c.keyword > 0}
        heads |= set(sorted(scores, key=lambda chunk: (-scores[chunk], chunk))[:2])
    assert {c.chunk_id for c in found} == heads


def test_lists_in_use_alone_decide_the_base_score():
    found = [_found(1, 10, 0.8, 0.9), _found(2, 5, 0.9, 0.8)]
    only_keyword = replace(OPTIONS, vector_weight=0.0, sentence_weight=0.0)
    assert [c.score for c in base_order(found, "en", only_keyword)] == [1.0, 0.0]
    assert np.isfinite([c.score for c in base_order(found, "es", only_keyword)]).all()
