"""The adapters over torch on doubles of its libraries, for CI without the extra. tests/models has the real ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kgqa.adapters.models.extra import device_of, library
from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.sentence_encoder import SentenceTransformersEmbedder
from kgqa.errors import ConfigurationError, DependencyUnavailable, ModelOutputError
from tests.unit.adapters.model_doubles import CausalModel, SentenceModel, torch_double, transformers_double


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 4}))
    return tmp_path


def installed(monkeypatch: pytest.MonkeyPatch, **modules: object) -> None:
    for name, module in {"torch": torch_double(), "transformers": transformers_double(), **modules}.items():
        monkeypatch.setitem(sys.modules, name, module)


def generator(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: CausalModel, **more: float
) -> TransformersGenerator:
    installed(monkeypatch, transformers=transformers_double(model))
    return TransformersGenerator(folder, **more)


def embedder(monkeypatch: pytest.MonkeyPatch, folder: Path, model: SentenceModel) -> SentenceTransformersEmbedder:
    installed(monkeypatch, sentence_transformers=SimpleNamespace(SentenceTransformer=lambda *_, **__: model))
    return SentenceTransformersEmbedder(folder)


def test_a_missing_library_is_a_configuration_error_that_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="extra `models`") as caught:
        library("no_such_library_of_kgqa")
    assert "--models" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("wanted", "cuda", "device"), [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu")]
)
def test_auto_takes_a_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, wanted: str, cuda: object, device: str
) -> None:
    installed(monkeypatch, torch=torch_double(cuda=bool(cuda)))
    assert device_of(wanted) == device


def test_a_gpu_that_is_not_there_is_not_replaced_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(ConfigurationError, match="no GPU"):
        device_of("cuda")


@pytest.mark.parametrize(
    ("prompts", "seen"),
    [
        ({"query": "q: ", "passage": "p: "}, ["q: one", "p: two"]),
        ({"query": "q: ", "document": "d: "}, ["q: one", "d: two"]),
        ({}, ["one", "two"]),
    ],
)
def test_texts_go_under_the_prompts_of_the_folder(
    monkeypatch: pytest.MonkeyPatch, folder: Path, prompts: dict[str, str], seen: list[str]
) -> None:
    model = SentenceModel(4, prompts)
    made = embedder(monkeypatch, folder, model)
    assert made.embed(["one"], "query").shape == (1, 4)
    made.embed(["two"], "passage")
    assert model.seen == seen


def test_no_text_needs_no_model(folder: Path) -> None:
    assert SentenceTransformersEmbedder(folder).embed([], "query").shape == (0, 4)


def test_vectors_of_another_length_than_announced_are_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    made = embedder(monkeypatch, folder, SentenceModel(8, {}))
    with pytest.raises(ConfigurationError, match="8 numbers"):
        made.embed(["one"], "query")


def test_a_reply_comes_in_pieces_and_within_its_bound(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    made = generator(monkeypatch, folder, CausalModel(["Kestrel ", "", "Seals ", "makes ", "it."]))
    assert list(made.stream("Who makes it?", max_tokens=3)) == ["Kestrel ", "Seals "]


def test_closing_the_stream_stops_the_model(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    model = CausalModel([])
    model.words = _Endless()
    made = generator(monkeypatch, folder, model)
    stream = made.stream("Who?", max_tokens=10)
    assert next(stream) == "word"
    stream.close()
    said = model.said
    assert list(made.stream("Who?", max_tokens=0)) == []  # the next one is served
    assert model.said == said


def test_a_model_that_fails_in_the_middle_is_a_dependency_that_fails(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    made = generator(monkeypatch, folder, CausalModel(["It "], failure=RuntimeError("out of memory")))
    stream = made.stream("Who?", max_tokens=5)
    assert next(stream) == "It "
    with pytest.raises(DependencyUnavailable, match="out of memory"):
        next(stream)


def test_a_model_that_is_stuck_is_given_up(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    made = generator(monkeypatch, folder, CausalModel([], stuck=True), timeout_seconds=0.05)
    with pytest.raises(DependencyUnavailable, match="no token in time"):
        list(made.stream("Who?", max_tokens=5))


@pytest.mark.parametrize(("words", "fits"), [(90, True), (91, False)])
def test_what_does_not_fit_the_model_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, folder: Path, words: int, fits: object
) -> None:
    made = generator(monkeypatch, folder, CausalModel(["yes"]))
    stream = made.stream("word " * words, max_tokens=10)
    if fits:
        assert list(stream) == ["yes"]
    else:
        with pytest.raises(ModelOutputError, match="takes 100"):
            list(stream)


def test_a_chat_model_is_asked_as_it_was_taught(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    installed(monkeypatch, transformers=transformers_double(CausalModel(["yes"]), chat_template="{{ messages }}"))
    stream = TransformersGenerator(folder).stream("word " * 88, max_tokens=10)
    with pytest.raises(ModelOutputError, match="has 91 tokens"):
        list(stream)


class _Endless(list[str]):
    """More words than anybody reads; none where none may be said."""

    def __getitem__(self, part: slice):  # type: ignore[override]
        return iter(lambda: "word", None) if part.stop else []


def test_a_folder_without_a_model_is_refused_at_once(tmp_path: Path) -> None:
    for made in (SentenceTransformersEmbedder, TransformersGenerator):
        with pytest.raises(ConfigurationError, match=r"no config\.json"):
            made(tmp_path)


def test_numpy_rows_are_32_bits(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    assert embedder(monkeypatch, folder, SentenceModel(4, {})).embed(["one"], "query").dtype == np.float32
