"""The models that settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.openai_translator import OpenAITranslator
from kgqa.adapters.models.span_reader import TransformersReader
from kgqa.bootstrap import Encoders, build_embedder, build_generator, build_reader, build_translator
from kgqa.embedded.models import write_encoder
from kgqa.errors import ConfigurationError
from kgqa.model.generation import Generation, GenerationState
from kgqa.settings import ModelSettings, Settings, TranslationSettings
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


def translation(generator_url: str = "", **values: object) -> Settings:
    found = models(generator_url=generator_url, generator_model="writer", generator_key="a secret")
    return found.model_copy(update={"translation": TranslationSettings.model_validate(values)})


def test_nobody_translates_by_default() -> None:
    assert build_translator(Settings()) is None


def test_the_endpoint_of_the_generator_translates_where_no_other_one_is_named() -> None:
    mine = build_translator(translation("http://writes/v1", engine="openai"))
    other = build_translator(translation("http://writes/v1", engine="openai", url="http://says/v1", model="speaker"))
    assert isinstance(mine, OpenAITranslator)
    assert isinstance(other, OpenAITranslator)
    assert (mine.name, other.name) == ("openai 1 writer", "openai 1 speaker")
    assert build_translator(translation("http://writes/v1", engine="openai")) is mine
    assert (str(mine.client.base_url), mine.client.api_key) == ("http://writes/v1/", "a secret")
    assert (str(other.client.base_url), other.client.api_key) == ("http://says/v1/", "none")


def test_a_translator_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(ConfigurationError, match="KGQA_TRANSLATION__URL"):
        build_translator(translation(engine="openai"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="apt-get install apertium"):
        build_translator(translation(engine="apertium"))
