"""The models that settings name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.span_reader import TransformersReader
from kgqa.bootstrap import build_embedder, build_generator, build_reader
from kgqa.embedded.models import write_encoder
from kgqa.errors import ConfigurationError
from kgqa.settings import ModelSettings, Settings
from tests.unit.embedded.tiny_e5 import tiny_e5


def models(**values: object) -> Settings:
    return Settings(models=ModelSettings.model_validate(values))


@pytest.mark.parametrize("name", ["e5", "onnx:", "sentence-transformers:", "e5-small-int8:x"])
def test_an_unknown_encoder_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no encoder"):
        build_embedder(models(encoder=name))


def test_an_encoder_whose_vectors_the_index_cannot_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 768}))
    with pytest.raises(ConfigurationError, match="768 dimensions"):
        build_embedder(models(encoder=f"sentence-transformers:{tmp_path}"))


def test_a_trained_encoder_is_named_by_its_weights(tmp_path: Path) -> None:
    write_encoder(tiny_e5(), tmp_path / "mine")
    assert build_embedder(models(encoder=f"onnx:{tmp_path / 'mine'}")).model.startswith("onnx-")


def test_nothing_generates_and_nothing_reads_by_default() -> None:
    assert build_generator(Settings()) is None
    assert build_reader(Settings()) is None


def test_models_of_this_machine_are_made_without_loading_them(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    named = models(generator=f"transformers:{tmp_path}", reader=f"transformers:{tmp_path}")
    assert isinstance(build_generator(named), TransformersGenerator)
    assert isinstance(build_reader(named), TransformersReader)


@pytest.mark.parametrize("value", ["gpt", "transformers:", "openai:x"])
def test_a_local_model_is_a_folder_of_transformers(value: str) -> None:
    with pytest.raises(ConfigurationError, match="KGQA_MODELS__GENERATOR"):
        build_generator(models(generator=value))
    with pytest.raises(ConfigurationError, match="KGQA_MODELS__READER"):
        build_reader(models(reader=value))
