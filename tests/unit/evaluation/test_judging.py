"""Training the judges, and asking as if documents were not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kgqa.adapters.models import judges as module
from kgqa.adapters.models.judges import ANSWERABLE_FILE, SUPPORT_FILE, load_judges, packaged_judges
from kgqa.ask.rank import retrieve_order
from kgqa.ask.support import ANSWERABLE_FEATURES, SUPPORT_FEATURES
from kgqa.errors import ConfigurationError
from kgqa.evaluation.answers import Decision, abstention, reliability
from kgqa.evaluation.judging import Asked, AskedSet, ask_both_ways, train_judges
from kgqa.evaluation.removal import without
from kgqa.model.answer import AskOptions
from tests.unit.ask.doubles import PUBLIC, MemoryLake, services
from tests.unit.ask.lakes import NAMES, SUPPORT_DESK, lake

FAMILIES = ("2wiki", "hotpotqa", "musique", "nq", "xquad")
QUESTION = "Which supplier delivers the shaft seal?"


class Questions:
    """A data set of one question."""

    def __init__(self) -> None:
        self.queries = {"q": QUESTION}
        self.gold = {"q": frozenset({"parts"})}


def decision(*, answerable: bool, abstained: bool, confidence: float | None = None) -> Decision:
    return Decision(answerable=answerable, abstained=abstained, confidence=confidence)


def order(built, text: str = QUESTION) -> tuple[int, ...]:
    return retrieve_order(text, built.index.view(PUBLIC, "test"), built, AskOptions())


def test_removed_documents_are_as_if_they_had_never_been_ingested():
    left = services(lake([text for text in SUPPORT_DESK if text[0] != "parts"]))
    removed = without(frozenset({"parts"}), services(lake()))
    assert order(removed) == order(left)
    assert order(removed) != order(services(lake()))


def test_a_name_that_only_removed_documents_use_is_unknown():
    view = services(lake()).index.view(PUBLIC, "test")
    removed = without(frozenset({"parts", "prices"}), services(lake()))
    norms = ["kestrel seals", "hp 7731 04"]
    assert [hit.norm for hit in removed.index.names(view, norms)] == ["hp 7731 04"]


def test_duplicates_of_a_removed_document_are_removed():
    stored = lake()
    copies = [replace(c, duplicates=("parts",)) if c.chunk.document_key == "parts-2" else c for c in stored.chunks]
    removed = without(frozenset({"parts"}), services(MemoryLake(copies, stored.classes)))
    view = removed.index.view(PUBLIC, "test")
    texts = [chunk.document_key for chunk in removed.index.evidence(view, [c.chunk.chunk_id for c in copies])]
    assert "parts-2" not in texts
    assert "register" in texts


def test_a_question_is_asked_with_and_without_its_documents():
    built = services(lake(names=NAMES))
    view = built.index.view(PUBLIC, "test")
    kept, gone = ask_both_ways(Questions(), view, built, 10)  # pyright: ignore[reportArgumentType] - a double
    assert (kept.answerable, gone.answerable) == (True, False)
    assert kept.labels.sum() == 1
    assert gone.labels.sum() == 0
    assert kept.matrix.shape == (len(kept.labels), len(SUPPORT_FEATURES))


def test_judges_learn_what_tells_evidence_apart(tmp_path: Path):
    built = services(lake())
    view = built.index.view(PUBLIC, "test")
    (kept, gone) = ask_both_ways(Questions(), view, built, 1)  # pyright: ignore[reportArgumentType] - a double
    rng = np.random.default_rng(0)
    adds = SUPPORT_FEATURES.index("adds")

    def noisy(asked: Asked) -> Asked:
        matrix = asked.matrix + rng.normal(0, 0.01, asked.matrix.shape).astype(np.float32)
        matrix[:, adds] = asked.labels + rng.normal(0, 0.05, len(asked.labels))
        return replace(asked, matrix=matrix)

    asked = tuple(noisy(each) for _ in range(60) for each in (kept, gone))
    for name, model in zip(
        (SUPPORT_FILE, ANSWERABLE_FILE), train_judges([AskedSet(name="a", asked=asked)]), strict=True
    ):
        (tmp_path / name).write_bytes(model)
    trained = load_judges(tmp_path)
    scores = trained.support.score(noisy(kept).matrix)
    assert scores[kept.labels == 1].min() > 0.9
    assert scores[kept.labels == 0].max() < 0.1
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_judge_of_other_features_is_refused(tmp_path: Path):
    (tmp_path / SUPPORT_FILE).write_bytes((packaged_judges() / ANSWERABLE_FILE).read_bytes())
    with pytest.raises(ConfigurationError, match="train-judges"):
        load_judges(tmp_path)


def test_every_family_has_a_fold_that_never_saw_it():
    for family in FAMILIES:
        fold = module.packaged_judges(unseen=family)
        assert fold.name == f"without-{family}"
        built = load_judges(fold)
        for judge in (built.support, built.answerable):
            assert family not in judge.card["families"]  # pyright: ignore[reportAttributeAccessIssue]
    everything = load_judges(packaged_judges())
    assert set(everything.support.card["families"]) == set(FAMILIES)  # pyright: ignore[reportAttributeAccessIssue]
    assert everything.support.features == SUPPORT_FEATURES
    assert everything.answerable.features == ANSWERABLE_FEATURES


def test_abstention_counts_questions_without_an_answer():
    decisions = [
        decision(answerable=False, abstained=True),
        decision(answerable=False, abstained=True),
        decision(answerable=False, abstained=False),
        decision(answerable=True, abstained=True),
    ]
    found = abstention(decisions)
    assert found["abstention_precision"][0] == pytest.approx(2 / 3)
    assert found["abstention_recall"][0] == pytest.approx(2 / 3)
    assert found["abstention_f1"][0] == pytest.approx(2 / 3)
    low, high = found["abstention_f1"][1]
    assert low <= 2 / 3 <= high


def test_reliability_sets_what_was_stated_beside_what_came_true():
    decisions = [decision(answerable=n < 3, abstained=False, confidence=0.7) for n in range(4)]
    decisions.append(decision(answerable=False, abstained=True, confidence=0.1))
    decisions.append(decision(answerable=False, abstained=True))
    low, high = reliability(decisions)
    assert (low["questions"], low["confidence"], low["answerable"]) == (1, pytest.approx(0.1), 0.0)
    assert (high["questions"], high["confidence"], high["answerable"]) == (4, pytest.approx(0.7), 0.75)
