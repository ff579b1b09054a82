"""Training a tiny encoder on triplets that can be learned."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from safetensors.numpy import load_file

from kgqa.adapters.models.encoder import OnnxEncoder
from kgqa.adapters.models.sentence_encoder import SentenceTransformersEmbedder
from kgqa.errors import InvalidInput
from kgqa.evaluation.encoder_commands import train_and_write
from kgqa.evaluation.encoder_training import Trained, Training
from kgqa.evaluation.triplets import Mined

HOW = Training(epochs=6, batch_size=8, negatives=2, learning_rate=2e-3, tokens=64)


def mined(family: str, questions: int = 60) -> tuple[Mined, ...]:
    """A question of a digit is answered by its letter."""
    digits = [str((n + n // 10) % 10) for n in range(questions)]  # those kept back, every tenth, have every digit
    return tuple(
        Mined(
            query=str(n),
            question=f"error {digit} {family} {n}",
            positives=(f"{'abcdefghij'[int(digit)] * 4} seal {n}",),
            positive_ranks=(1,),
            negatives=tuple(f"{'abcdefghij'[(int(digit) + k) % 10] * 4} seal {n}" for k in (1, 2, 3)),
            missed=0,
        )
        for n, digit in enumerate(digits)
    )


def trained(base: Path, target: Path, how: Training = HOW) -> tuple[Trained, str]:
    said = Console(file=io.StringIO(), width=200)
    sets = {"one-a": mined("one"), "two": mined("two", 40)}
    result = train_and_write(sets, target, how, base=base, device="cpu", console=said)
    assert isinstance(said.file, io.StringIO)
    return result, said.file.getvalue()


@pytest.fixture(scope="module")
def done(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained, str]:
    target = tmp_path_factory.mktemp("trained")
    return (target, *trained(tiny, target))


def test_it_learns_also_for_questions_that_it_did_not_see(done: tuple[Path, Trained, str]) -> None:
    _, result, _ = done
    assert result.triplets == 90
    assert np.mean(result.losses[-5:]) < np.mean(result.losses[:5])
    assert result.kept_back_before is not None
    assert result.kept_back_after is not None
    assert result.kept_back_after < result.kept_back_before


def test_the_pieces_keep_their_vectors(done: tuple[Path, Trained, str], tiny: Path) -> None:
    before, after = (load_file(str(folder / "model.safetensors")) for folder in (tiny, done[0] / "encoder"))
    words = "embeddings.word_embeddings.weight"
    np.testing.assert_array_equal(before[words], after[words])
    moved = "encoder.layer.1.output.dense.weight"
    assert not np.array_equal(before[moved], after[moved])


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    done: tuple[Path, Trained, str], tiny: Path, tmp_path: Path
) -> None:
    again, _ = trained(tiny, tmp_path / "again")
    assert again.losses == done[1].losses
    names = [SentenceTransformersEmbedder(folder / "encoder").model for folder in (done[0], tmp_path / "again")]
    assert names[0] == names[1]
    other = replace(HOW, seed=8)
    assert trained(tiny, tmp_path / "other", other)[0].losses != again.losses


def test_the_onnx_form_is_the_trained_model(done: tuple[Path, Trained, str], tiny: Path) -> None:
    onnx = OnnxEncoder(done[0] / "onnx")
    onnx.dimensions = 32
    texts = ["error 3 one 3", "dddd seal 3", "the pump", "eeee"]
    ours = SentenceTransformersEmbedder(done[0] / "encoder", device="cpu").embed(texts, "passage")
    untrained = SentenceTransformersEmbedder(tiny, device="cpu").embed(texts, "passage")
    agreement = (ours * onnx.embed(texts, "passage")).sum(axis=1).min()
    assert agreement > 0.97
    assert (ours * untrained).sum(axis=1).min() < agreement


def test_the_card_says_what_it_learned_from_and_the_command_how_to_use_it(done: tuple[Path, Trained, str]) -> None:
    target, result, said = done
    card = json.loads((target / "encoder" / "card.json").read_text())
    assert card["trained_on"] == {"one-a": 60, "two": 40}
    assert card["families"] == ["one", "two"]
    assert card["parameters"]["seed"] == 7
    assert card["result"]["losses"] == list(result.losses)
    assert "must not be measured: one, two" in (target / "encoder" / "README.md").read_text()
    assert f"KGQA_MODELS__ENCODER=sentence-transformers:{target / 'encoder'}" in said
    assert f"KGQA_MODELS__ENCODER=onnx:{target / 'onnx'}" in said
    assert {path.name for path in target.iterdir()} == {"encoder", "onnx"}


def test_too_little_to_learn_from_is_said_before_anything_is_written(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="one batch takes 8"):
        train_and_write({"one": mined("one", 5)}, tmp_path, HOW, base=tiny, device="cpu", console=Console())
    assert not list(tmp_path.iterdir())
