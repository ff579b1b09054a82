import pytest

from kgqa.ask.retrieve import base_order
from kgqa.model.answer import AskOptions, ScoredChunk

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


def test_undetermined_language_is_no_other_language():
    order = base_order([_found(1, 10, 0.8, 0.8, "und"), _found(2, 0, 0.8, 0.8, "und")], "es", OPTIONS)
    assert order[0].chunk_id == 1
    assert order[0].score == pytest.approx(0.35)


def test_equal_scores_are_ordered_by_id_whatever_the_input_order():
    found = [_found(n, 1, 0.5, 0.5) for n in (7, 3, 5)]
    assert [c.chunk_id for c in base_order(found, "en", OPTIONS)] == [3, 5, 7]


def test_no_candidates_give_no_order():
    assert base_order([], "en", OPTIONS) == ()
