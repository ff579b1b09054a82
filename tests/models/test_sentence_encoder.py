"""The same weights under sentence-transformers and under ONNX Runtime."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kgqa.adapters.models.encoder import OnnxEncoder
from kgqa.adapters.models.sentence_encoder import SentenceTransformersEmbedder
from kgqa.bootstrap import build_embedder
from kgqa.embedded.e5_folder import read_folder, write_folder
from kgqa.embedded.models import ensure_encoder, packaged_model, write_encoder
from kgqa.evaluation.datasets import read_questions
from kgqa.settings import ModelSettings, Settings, load_settings

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TEXTS = ["the pump", "seal of the pump makes error", "kestrel", "x" * 700, "", "part  of\nthe  seal"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "e5"
    write_folder(packaged_model(), folder)
    return folder


@pytest.fixture(scope="module")
def passages() -> list[str]:
    """Paragraphs of the example lake."""
    files = sorted((EXAMPLES / "lake").rglob("*.md"))
    found = [part for path in files for part in path.read_text(encoding="utf-8").split("\n\n") if len(part) > 80]
    return [part[:1000] for part in found[:60]]


def test_the_packaged_weights_point_the_same_way_and_rank_the_same(exported: Path, passages: list[str]) -> None:
    ours = build_embedder(Settings(models=ModelSettings(encoder=f"sentence-transformers:{exported}", device="cpu")))
    default = OnnxEncoder(ensure_encoder(load_settings().cache))
    questions = [question.text for question in read_questions(EXAMPLES / "questions.jsonl")][::4]
    assert len(questions) > 5
    assert len(passages) == 60
    orders = []
    for texts, kind in ((passages, "passage"), (questions, "query")):
        left, right = ours.embed(texts, kind), default.embed(texts, kind)
        assert (left * right).sum(axis=1).min() > 0.99
        orders.append((left, right))
    (ours_p, default_p), (ours_q, default_q) = orders
    ours_scores, default_scores = ours_q @ ours_p.T, default_q @ default_p.T
    best = ours_scores.argmax(axis=1)
    # 8-bit weights move a cosine by some thousandths: what is best by more than that is best for both
    rows = np.arange(len(questions))
    assert (default_scores.max(axis=1) - default_scores[rows, best]).max() < 0.01
    assert (best == default_scores.argmax(axis=1)).mean() >= 0.9
    for mine, theirs in zip(ours_scores, default_scores, strict=True):
        assert np.corrcoef(mine, theirs)[0, 1] > 0.97


def test_a_tiny_model_gives_the_vectors_of_its_onnx_graph(tiny: Path, tmp_path: Path) -> None:
    write_encoder(read_folder(tiny), tmp_path / "onnx")
    onnx = OnnxEncoder(tmp_path / "onnx")
    onnx.dimensions = 32
    ours = SentenceTransformersEmbedder(tiny, device="cpu").embed(TEXTS, "passage")
    assert (ours * onnx.embed(TEXTS, "passage")).sum(axis=1).min() > 0.98


def test_rows_are_unit_vectors_in_the_order_of_the_texts(tiny: Path) -> None:
    encoder = SentenceTransformersEmbedder(tiny, device="cpu")
    together = encoder.embed(TEXTS, "passage")
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.embed([text], "passage") for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert encoder.embed([], "query").shape == (0, 32)


def test_a_question_is_embedded_as_one(tiny: Path) -> None:
    encoder = SentenceTransformersEmbedder(tiny, device="cpu")
    asked, told = (encoder.embed(["the pump"], kind)[0] for kind in ("query", "passage"))
    assert asked @ told < 0.9999


def test_several_threads_may_ask_at_once(tiny: Path) -> None:
    encoder = SentenceTransformersEmbedder(tiny, device="cpu")
    alone = encoder.embed(TEXTS, "query")
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(lambda _: encoder.embed(TEXTS, "query"), range(8)):
            np.testing.assert_allclose(rows, alone, atol=1e-6)


def test_other_weights_or_prompts_make_another_model(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "same")
    shutil.copytree(tiny, tmp_path / "other")
    options = tmp_path / "other" / "config_sentence_transformers.json"
    options.write_text(options.read_text().replace("query: ", "question: "))
    names = [SentenceTransformersEmbedder(path).model for path in (tiny, tmp_path / "same", tmp_path / "other")]
    assert names[0] == names[1] != names[2]


def test_the_folder_says_what_transformers_needs_to_know(tiny: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    model, loading = AutoModel.from_pretrained(tiny, output_loading_info=True)
    assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert model.config.hidden_size == 32
    tokens = AutoTokenizer.from_pretrained(tiny)("the pump")["input_ids"]
    assert tokens[0] == 0
    assert tokens[-1] == 2
    loaded = SentenceTransformer(str(tiny), device="cpu")
    assert loaded.max_seq_length == 512
    assert {kind: loaded.prompts[kind] for kind in ("query", "passage")} == {"query": "query: ", "passage": "passage: "}
    assert json.loads((tiny / "config.json").read_text())["model_type"] == "bert"
