"""Weighing the evidence: what the judges see, what is cited, and when it is enough."""

import numpy as np
import pytest

from kgqa.ask.choose import MOST_SENTENCES, choose
from kgqa.ask.compose import compose
from kgqa.ask.follow import Reader, follow
from kgqa.ask.pipeline import answer
from kgqa.ask.rank import rank
from kgqa.ask.support import ANSWERABLE_FEATURES, DEPTH, SUPPORT_FEATURES, Sight, answerable_row, support_matrix
from kgqa.ask.weigh import Judges
from kgqa.model.answer import AskOptions
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import lake

QUESTION = "Which supplier delivers the shaft seal?"
NESTED = "Which supplier makes the part behind error E-417?"


@pytest.fixture(autouse=True)
def of_any_size(monkeypatch):
    monkeypatch.setattr("kgqa.ask.weigh.LEAST_CHUNKS", 0)


class Says:
    """A judge that says one number of everything, or what a rule says of a row."""

    features = ()

    def __init__(self, rule) -> None:
        self.rule = rule
        self.seen = []

    def score(self, matrix: np.ndarray) -> np.ndarray:
        self.seen.append(matrix)
        return np.array([self.rule(row) if callable(self.rule) else self.rule for row in matrix], np.float32)


def sight_of(text: str = QUESTION, **lakes) -> Sight:
    built = services(lake(**lakes))
    view = built.index.view(PUBLIC, "test")
    ranking = rank(text, view, built, AskOptions())
    reader = Reader(question=ranking.question, vector=ranking.vector, view=view, index=built.index)
    read = follow(ranking.order, reader, built.graph, AskOptions())
    return Sight.of(ranking, read, compose(ranking.question, read))


def column(matrix: np.ndarray, name: str) -> list[float]:
    return matrix[:, SUPPORT_FEATURES.index(name)].tolist()


def asked(judges: Judges | None, text: str = QUESTION):
    return answer(text, PUBLIC, "test", services(lake(), judges=judges))


def judges(support=1.0, answerable=1.0) -> Judges:
    return Judges(support=Says(support), answerable=Says(answerable))


def test_a_row_for_every_chunk_that_is_looked_at():
    sight = sight_of()
    matrix = support_matrix(sight)
    assert matrix.shape == (len(sight.chunk_ids), len(SUPPORT_FEATURES))
    assert np.isfinite(matrix).all()
    assert len(sight.chunk_ids) <= DEPTH + len(sight.draft.passages)
    assert set(sight.chunk_ids) >= {passage.chunk.chunk_id for passage in sight.draft.passages}


def test_a_chunk_that_says_the_question_covers_more_of_it():
    sight = sight_of()
    covered = dict(zip(sight.chunk_ids, column(support_matrix(sight), "covered"), strict=True))
    by_key = {sight.by_chunk[chunk][0].chunk.document_key: share for chunk, share in covered.items()}
    assert by_key["parts"] > by_key.get("canteen", 0.0)
    assert all(0.0 <= share <= 1.0 for share in covered.values())


def test_what_earlier_chunks_say_adds_nothing():
    sight = sight_of()
    matrix = support_matrix(sight)
    adds, left = column(matrix, "adds"), column(matrix, "left")
    assert left[0] == pytest.approx(1.0)
    for n in range(1, len(adds)):
        assert left[n] == pytest.approx(left[n - 1] - adds[n - 1], abs=1e-6)


def test_the_likely_chunks_are_cited_and_the_likeliest_always():
    sight = sight_of()
    first, second, *rest = sight.chunk_ids
    low = dict.fromkeys(sight.chunk_ids, 0.01)
    assert {p.chunk.chunk_id for p in choose(sight, {**low, second: 0.4})} == {second}
    assert {p.chunk.chunk_id for p in choose(sight, {**low, first: 0.9, rest[0]: 0.6})} == {first, rest[0]}
    assert len(choose(sight, dict.fromkeys(sight.chunk_ids, 0.99))) == MOST_SENTENCES


def test_sentences_come_in_the_order_of_the_ranking_and_of_reading():
    sight = sight_of()
    chosen = choose(sight, dict.fromkeys(sight.chunk_ids, 0.99))
    places = [(sight.chunk_ids.index(p.chunk.chunk_id), p.start) for p in chosen]
    assert places == sorted(places)


def test_an_empty_lake_gives_no_rows():
    sight = sight_of(texts=())
    assert support_matrix(sight).shape == (0, len(SUPPORT_FEATURES))
    assert choose(sight, {}) == ()
    assert answerable_row(sight, {}, []).shape == (1, len(ANSWERABLE_FEATURES))


def test_too_little_confidence_abstains_and_says_how_little():
    given = asked(judges(answerable=0.2))
    assert given.abstained
    assert not given.citations
    assert given.confidence == pytest.approx(0.2)


def test_enough_confidence_answers_from_what_is_likely():
    place = SUPPORT_FEATURES.index("place")
    given = asked(judges(support=lambda row: float(row[place] == 0.0), answerable=0.9))
    assert not given.abstained
    assert given.confidence == pytest.approx(0.9)
    assert len({citation.document_key for citation in given.citations}) == 1


def test_the_judge_of_questions_sees_the_supports():
    judge = judges(support=0.75)
    asked(judge)
    (row,) = judge.answerable.seen
    assert row.shape == (1, len(ANSWERABLE_FEATURES))
    assert row[0, ANSWERABLE_FEATURES.index("first")] == pytest.approx(0.75)


def test_without_judges_there_is_no_confidence():
    assert asked(None).confidence is None


def test_across_languages_the_draft_stays():
    judge = judges()
    given = asked(judge, "¿Qué proveedor fabrica la pieza que está detrás del error E-417?")
    assert given.confidence is None
    assert judge.support.seen == []


def test_in_a_small_collection_the_rules_decide(monkeypatch):
    monkeypatch.setattr("kgqa.ask.weigh.LEAST_CHUNKS", 500)
    assert asked(judges(0.0, 0.0)).text == asked(None).text
    assert asked(judges(0.0, 0.0)).confidence is None


def test_steps_on_likely_chunks_are_kept_however_little_confidence():
    plain, judged = asked(None, NESTED), asked(judges(0.6, 0.0), NESTED)
    assert "Kestrel Seals" in judged.short
    assert [c.quote for c in judged.citations] == [c.quote for c in plain.citations]


def test_steps_on_unlikely_chunks_are_not_believed():
    assert asked(judges(0.4, 0.0), NESTED).abstained
    assert len({c.chunk_id for c in asked(judges(0.4, 1.0), NESTED).citations}) == 1


def test_a_code_that_nothing_mentions_is_not_answered_however_confident():
    given = asked(judges(), "What does error E-999 mean for the shaft seal?")
    assert given.abstained
    assert "E-999" in given.text
