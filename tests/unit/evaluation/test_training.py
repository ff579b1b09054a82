"""A trained ranker: the file gives LightGBM's own scores, and says what it is."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import onnx
import pytest

from kgqa.adapters.models import ranker as module
from kgqa.adapters.models.ranker import OnnxRanker
from kgqa.adapters.models.trees import CARD
from kgqa.ask.features import FEATURES
from kgqa.errors import ConfigurationError
from kgqa.evaluation.training import PARAMETERS, SEEDS, TREES, Judged, family_of, to_onnx, train


def judged(name: str, seed: int, questions: int = 40, candidates: int = 12) -> Judged:
    """Questions whose right candidate has a high `link` and a low `base_rank`."""
    draw = np.random.default_rng(seed)
    matrix = draw.random((questions * candidates, len(FEATURES)), np.float32)
    value = matrix[:, FEATURES.index("link")] - matrix[:, FEATURES.index("base_rank")]
    by_question = value.reshape(questions, candidates)
    labels = (by_question == by_question.max(axis=1, keepdims=True)).astype(np.int32).ravel()
    return Judged(name=name, matrix=matrix, labels=labels, sizes=np.full(questions, candidates, np.int32))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "ranker.onnx"
    path.write_bytes(train([judged("one-a", 1), judged("two", 2, questions=80)]))
    return path


def test_the_file_gives_the_mean_scores_of_lightgbm(saved: Path) -> None:
    sets = [judged("one-a", 1), judged("two", 2, questions=80)]
    weights = np.concatenate([np.full(len(s.labels), 1 / len(s.sizes)) for s in sets])
    data = lightgbm.Dataset(
        np.concatenate([s.matrix for s in sets]),
        label=np.concatenate([s.labels for s in sets]),
        group=np.concatenate([s.sizes for s in sets]),
        weight=weights / weights.mean(),
    )
    unseen = judged("three", 3).matrix
    scores = [
        lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=TREES).predict(unseen) for seed in SEEDS
    ]
    np.testing.assert_allclose(OnnxRanker(saved).score(unseen), np.mean(scores, axis=0), atol=1e-5)


def test_it_finds_what_was_right(saved: Path) -> None:
    unseen = judged("three", 3)
    scores = OnnxRanker(saved).score(unseen.matrix).reshape(40, 12)
    right = unseen.labels.reshape(40, 12).argmax(axis=1)
    assert (scores.argmax(axis=1) == right).mean() > 0.7


def test_training_twice_gives_the_same_file(saved: Path) -> None:
    assert train([judged("one-a", 1), judged("two", 2, questions=80)]) == saved.read_bytes()


def test_the_card_says_what_it_was_trained_on(saved: Path) -> None:
    card = OnnxRanker(saved).card
    assert card["trained_on"] == {"one-a": 40, "two": 80}
    assert card["families"] == ["one", "two"]
    assert card["features"] == list(FEATURES)


def test_a_ranker_of_unknown_features_is_refused(saved: Path, tmp_path: Path) -> None:
    model = onnx.load(str(saved))
    (entry,) = [p for p in model.metadata_props if p.key == CARD]
    entry.value = entry.value.replace('"link_sentence"', '"phase_of_the_moon"')
    onnx.save(model, str(tmp_path / "other.onnx"))
    with pytest.raises(ConfigurationError, match="phase_of_the_moon"):
        OnnxRanker(tmp_path / "other.onnx")


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_what_is_no_ranker_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ranker.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="train-ranker"):
        OnnxRanker(path)


def test_no_candidates_have_no_scores(saved: Path) -> None:
    assert OnnxRanker(saved).score(np.empty((0, len(FEATURES)), np.float32)).shape == (0,)


def test_a_family_has_a_model_that_never_saw_it() -> None:
    assert family_of("2wiki-train-500") == family_of("2wiki-51") == "2wiki"
    assert module.packaged_ranker(unseen="nothing-of-the-kind").name == "all.onnx"


def test_the_packaged_rankers_load_and_each_fold_left_its_family_out() -> None:
    everything = OnnxRanker(module.packaged_ranker())
    assert set(everything.features) <= set(FEATURES)
    for family in everything.card["families"]:
        fold = OnnxRanker(module.packaged_ranker(unseen=family))
        assert set(fold.card["families"]) == set(everything.card["families"]) - {family}
        assert fold.features == everything.features


def test_a_model_that_learned_nothing_says_the_same_of_everything(tmp_path: Path) -> None:
    nothing = {"tree_info": [{"tree_structure": {"leaf_value": 0}}]}
    (tmp_path / "flat.onnx").write_bytes(to_onnx([nothing], {"features": list(FEATURES)}, probability=True))
    scores = OnnxRanker(tmp_path / "flat.onnx").score(np.ones((3, len(FEATURES)), np.float32))
    assert scores.tolist() == [0.5, 0.5, 0.5]
