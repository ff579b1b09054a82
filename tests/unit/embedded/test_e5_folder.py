"""A model as a folder for torch, and back."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from kgqa.adapters.models.extra import digest
from kgqa.embedded.e5_folder import read_folder, to_model, to_tensors, write_folder
from kgqa.embedded.models import encoder_name, write_encoder
from kgqa.errors import ConfigurationError
from tests.unit.embedded.tiny_e5 import tiny_e5


def assert_same(left: object, right: object) -> None:
    if is_dataclass(left):
        for field in fields(left):
            assert_same(getattr(left, field.name), getattr(right, field.name))
    elif isinstance(left, np.ndarray):
        np.testing.assert_array_equal(left, right)
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        assert left == right


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    model = tiny_e5()
    write_folder(model, tmp_path / "model")
    assert_same(model, read_folder(tmp_path / "model"))


def test_the_vectors_of_token_types_that_training_moved_belong_to_the_positions() -> None:
    model = tiny_e5()
    tensors = to_tensors(model)
    tensors["embeddings.token_type_embeddings.weight"][0] = 0.5
    back = to_model(tensors, model.vocabulary, heads=model.heads, epsilon=model.epsilon)
    np.testing.assert_allclose(back.positions, model.positions + 0.5)


def test_the_same_weights_have_the_same_name_wherever_they_lie(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        write_folder(tiny_e5(seed), tmp_path / name)
        write_encoder(tiny_e5(seed), tmp_path / "onnx" / name)
    assert digest(tmp_path / "one") == digest(tmp_path / "two") != digest(tmp_path / "other")
    names = {name: encoder_name(tmp_path / "onnx" / name) for name in ("one", "two", "other")}
    assert names["one"] == names["two"] != names["other"]


def test_notes_beside_a_model_do_not_change_its_name(tmp_path: Path) -> None:
    write_folder(tiny_e5(), tmp_path)
    before = digest(tmp_path)
    (tmp_path / "README.md").write_text("a note")
    assert digest(tmp_path) == before


@pytest.mark.parametrize("change", [{"model_type": "roberta"}, None])
def test_a_model_of_another_kind_is_refused(tmp_path: Path, change: dict[str, str] | None) -> None:
    write_folder(tiny_e5(), tmp_path)
    name = "config.json" if change else "tokenizer.json"
    content = json.loads((tmp_path / name).read_text())
    content |= change or {"model": {"type": "WordPiece"}}
    (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="not of the kind"):
        read_folder(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no config\.json"):
        read_folder(tmp_path)
    with pytest.raises(ConfigurationError, match="holds no encoder"):
        encoder_name(tmp_path)
