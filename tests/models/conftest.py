"""Tiny random models, written as folders. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForQuestionAnswering, LlamaConfig, LlamaForCausalLM

from kgqa.embedded.e5_folder import write_folder
from tests.unit.embedded.tiny_e5 import tiny_e5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What torch and its friends warn each other of is not ours to mend."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in another order differ in their last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the kind of the packaged encoder."""
    folder = tmp_path_factory.mktemp("tiny") / "encoder"
    write_folder(tiny_e5(), folder)
    return folder


@pytest.fixture(scope="session")
def writer(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal model that writes nonsense, with the tokenizer of the tiny encoder."""
    folder = tmp_path_factory.mktemp("writer")
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tiny_e5().vocabulary.pieces),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    _copy_tokenizer(tiny, folder)
    return folder


@pytest.fixture(scope="session")
def pointer(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question-answering model that points anywhere."""
    folder = tmp_path_factory.mktemp("pointer")
    torch.manual_seed(2)
    config = BertConfig(
        vocab_size=len(tiny_e5().vocabulary.pieces),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=1,
        initializer_range=0.5,
    )
    BertForQuestionAnswering(config).save_pretrained(folder)
    _copy_tokenizer(tiny, folder)
    return folder


def _copy_tokenizer(source: Path, target: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (target / name).write_bytes((source / name).read_bytes())
