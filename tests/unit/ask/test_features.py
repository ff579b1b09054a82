"""Features of candidates: relative to each other, and blind to what the caller may not read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kgqa.ask.features import FEATURES
from kgqa.ask.rank import rank
from kgqa.model.answer import AskOptions, Caller
from kgqa.model.identity import stable_id
from tests.unit.ask.doubles import PUBLIC, MemoryLake, services
from tests.unit.ask.lakes import SUPPORT_DESK, lake

QUESTION = "Which supplier makes the part behind error E-417 on the P350?"
IVY = Caller(subject="user:ivy", principals=("group:internal", "public", "user:ivy"))


class ByFeature:
    """A ranker that goes by one feature."""

    features = FEATURES

    def __init__(self, name: str) -> None:
        self.column = FEATURES.index(name)

    def score(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, self.column]


#: a seal kit whose text mentions the titles of others
LINKED = (
    ("a", "Seal kit", "E-417 on the P350: the supplier is Kestrel Seals. Northline casts valves in a foundry.", 1),
    ("b", "Kestrel Seals", "A maker in Leeds.", 1),
    ("c", "Northline", "A foundry.", 1),
    ("d", "Canteen", "Soup, and the Seal kit.", 1),
)
LINKED_NAMES = {
    "Seal kit": "PRODUCT",
    "Kestrel Seals": "ORG",
    "Northline": "ORG",
    "E-417": "ERROR_CODE",
    "P350": "PRODUCT",
}


def look(of: MemoryLake, caller: Caller = PUBLIC, feature: str = "walk", **options):
    asking = services(of, ranker=ByFeature(feature))
    view = asking.index.view(caller, "test")
    ranking = rank(QUESTION, view, asking, AskOptions(**options))
    assert ranking.ranked is not None
    return ranking, ranking.ranked


def column(ranked, name: str) -> dict[int, float]:
    return dict(zip(ranked.chunk_ids, ranked.matrix[:, FEATURES.index(name)].tolist(), strict=True))


def chunk(key: str) -> int:
    return stable_id("chunk", key)


def test_the_best_candidate_has_rank_zero_and_no_gap() -> None:
    _, ranked = look(lake())
    for part in ("base", "vector", "sentence"):
        best = max(column(ranked, part), key=column(ranked, part).__getitem__)
        assert column(ranked, part)[best] == 0
        assert column(ranked, f"{part}_rank")[best] == 0
    assert max(column(ranked, "keyword").values()) == pytest.approx(1)
    assert max(column(ranked, "walk").values()) == pytest.approx(0, abs=1e-3)


def test_links_follow_names_from_the_best_chunks() -> None:
    _, ranked = look(lake(LINKED, LINKED_NAMES))
    link, close = column(ranked, "link"), column(ranked, "link_sentence")
    assert link[chunk("b")] == link[chunk("c")] > 0
    assert close[chunk("b")] > close[chunk("c")] > 0, "the supplier stands in the sentence that is asked for"
    assert link[chunk("d")] == 0
    assert column(ranked, "back")[chunk("d")] > 0
    assert column(ranked, "asked_names")[chunk("a")] > 0 == column(ranked, "asked_names")[chunk("b")]


def test_links_follow_names_from_the_chunks_that_the_walk_likes_best() -> None:
    ranking, ranked = look(lake(LINKED, LINKED_NAMES))
    link, shared = column(ranked, "walk_link"), column(ranked, "walk_shared")
    best = max(ranked.chunk_ids, key=lambda c: ranking.walked.get(c, 0.0))
    assert best == chunk("a")
    assert link[chunk("b")] == link[chunk("c")] > link[chunk("a")] >= 0
    assert column(ranked, "walk_back")[chunk("d")] > 0
    assert max(shared.values()) == pytest.approx(1)


def test_a_walk_that_went_nowhere_links_nothing() -> None:
    _, ranked = look(lake(LINKED, LINKED_NAMES), walk_steps=0)
    assert max(column(ranked, "link").values()) > 0
    for name in ("walk_link", "walk_link_asked", "walk_back", "walk_shared"):
        assert set(column(ranked, name).values()) == {0}


def test_the_ranker_decides_the_order_behind_the_first() -> None:
    ranking, ranked = look(lake(LINKED, LINKED_NAMES), feature="keyword_rank")
    worst_first = sorted(ranked.chunk_ids, key=lambda c: (-column(ranked, "keyword_rank")[c], c))
    first = ranking.base[0].chunk_id
    assert ranking.order[: len(worst_first)] == (first, *(c for c in worst_first if c != first))


def test_chunks_that_only_the_walk_finds_are_scored_too() -> None:
    ranking, ranked = look(lake(), list_depth=1)
    found = {c.chunk_id for c in ranking.base}
    beyond = set(ranked.chunk_ids) - found
    assert beyond
    assert {c for c in beyond if column(ranked, "vector")[c] < 0} == beyond


def test_what_a_caller_may_not_read_changes_nothing() -> None:
    whole = lake()
    without = replace(whole, chunks=[c for c in whole.chunks if c.acl_class == 1])
    _, seen = look(whole)
    _, expected = look(without)
    assert seen.chunk_ids == expected.chunk_ids
    np.testing.assert_array_equal(seen.matrix, expected.matrix)
    _, all_of_it = look(whole, IVY)
    assert len(all_of_it.chunk_ids) == len(SUPPORT_DESK) > len(seen.chunk_ids)


def test_a_question_in_another_language_keeps_the_order_of_the_walk() -> None:
    texts = tuple((key, title, text, 1) for key, title, text, _ in SUPPORT_DESK)
    asking = services(lake(texts), ranker=ByFeature("keyword_rank"))
    view = asking.index.view(PUBLIC, "test")
    ranking = rank("¿Qué proveedor fabrica la pieza del error E-417 de la bomba P350?", view, asking, AskOptions())
    assert ranking.question.language == "es"
    assert ranking.ranked is None
    assert ranking.order[0] == max(ranking.walked, key=lambda c: (ranking.walked[c], -c))
