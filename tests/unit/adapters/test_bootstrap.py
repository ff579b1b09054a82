"""The models that settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.span_reader import TransformersReader
from kgqa.bootstrap import Encoders, build_embedder, build_generator, build_reader
from kgqa.embedded.models import write_encoder
from kgqa.errors import ConfigurationError
from kgqa.model.generation import Generation, GenerationState
from kgqa.settings import ModelSettings, Settings
from tests.unit.embedded.tiny_e5 import tiny_e5


def models(**values: object) -> Settings:
    return Settings(models=ModelSettings.model_validate(values))


@pytest.mark.parametrize("name", ["e5", "onnx:", "sentence-transformers:", "e5-small-int8:x"])
def test_an_unknown_encoder_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no encoder"):
        build_embedder(models(encoder=name))


def generation(model: str, encoder: str = "") -> Generation:
    return Generation(id=2, state=GenerationState.ACTIVE, model=model, encoder=encoder)


def test_a_generation_has_its_own_encoder_whatever_the_setting_says() -> None:
    encoders = Encoders(models(encoder="hashing"))
    assert encoders.of(generation("")) is encoders.configured
    assert encoders.of(generation("hashing-1")) is encoders.configured
    other = encoders.of(generation("hashing-1-64", "hashing:64"))
    assert (other.model, other.dimensions) == ("hashing-1-64", 64)
    assert encoders.of(generation("hashing-1-64", "hashing:64")) is other


@pytest.mark.parametrize("encoder", ["", "hashing:32"])
def test_an_encoder_that_is_not_the_one_of_the_index_is_refused(encoder: str) -> None:
    with pytest.raises(ConfigurationError, match="built with the encoder trained-7"):
        Encoders(models(encoder="hashing")).of(generation("trained-7", encoder))


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
