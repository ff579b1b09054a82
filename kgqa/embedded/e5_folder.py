"""multilingual-e5-small as a folder that `transformers` and `sentence-transformers` read, and such a folder read back.

Written: the packaged weights, for a GPU and for training. Read: what training made of them, to be written as the
graph of the default path (`e5_graph`). Tensor names are those of `BertModel`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kgqa.adapters.models.extra import library, model_folder
from kgqa.embedded.e5_container import E5, Floats, Layer, Linear, Norm, Vocabulary
from kgqa.embedded.e5_graph import TOKENS, write_tokenizer
from kgqa.errors import ConfigurationError

#: what E5 was trained with, by the role of the text
PROMPTS = {"query": "query: ", "passage": "passage: "}
_WEIGHTS = "model.safetensors"
_MODULES = {
    "": "sentence_transformers.base.modules.transformer.Transformer",
    "1_Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "2_Normalize": "sentence_transformers.base.modules.normalize.Normalize",
}
#: where BERT keeps the parts of a layer
_LINEARS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_out": "attention.output.dense",
    "feed_in": "intermediate.dense",
    "feed_out": "output.dense",
}
_NORMS = {"attention_norm": "attention.output.LayerNorm", "out_norm": "output.LayerNorm"}


def write_folder(model: E5, directory: Path) -> None:
    """Write the folder: 32-bit weights, mean pooling, length 1. It appears only when complete. Needs safetensors."""
    safetensors = library("safetensors.numpy")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as folder:
        part = Path(folder) / "files"
        part.mkdir()
        write_tokenizer(model.vocabulary, part / "tokenizer.json")
        safetensors.save_file(to_tensors(model), str(part / _WEIGHTS), metadata={"format": "pt"})
        (part / _WEIGHTS).chmod(0o644)  # the library writes for its user alone
        for name, content in _descriptions(model).items():
            path = part / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        part.rename(directory)


def read_folder(directory: Path) -> E5:
    """Read a folder that `write_folder` wrote, or training from one. Raises ConfigurationError for any other model."""
    config = _json(model_folder(directory) / "config.json")
    tokenizer = _json(directory / "tokenizer.json")
    if config.get("model_type") != "bert" or tokenizer["model"].get("type") != "Unigram":
        raise ConfigurationError(
            f"{directory} is not of the kind of multilingual-e5: BERT over unigram pieces.",
            hint="serve it with KGQA_MODELS__ENCODER=sentence-transformers:DIR.",
        )
    pieces = [(str(piece), float(score)) for piece, score in tokenizer["model"]["vocab"]]
    place = {piece: number for number, (piece, _) in enumerate(pieces)}
    names = _json(directory / "tokenizer_config.json")
    bos, eos, pad, unknown = (place[names[f"{name}_token"]] for name in ("bos", "eos", "pad", "unk"))
    return to_model(
        library("safetensors.numpy").load_file(str(directory / _WEIGHTS)),
        Vocabulary(pieces=pieces, bos=bos, eos=eos, pad=pad, unknown=unknown),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
    )


def to_tensors(model: E5) -> dict[str, Floats]:
    """The weights under BERT's names. Token types are part of the positions, and nothing reads the pooler: zeros."""
    hidden = model.words.shape[1]
    tensors = {
        "embeddings.word_embeddings.weight": model.words,
        "embeddings.position_embeddings.weight": model.positions,
        "embeddings.token_type_embeddings.weight": np.zeros((2, hidden), np.float32),
        "pooler.dense.weight": np.zeros((hidden, hidden), np.float32),
        "pooler.dense.bias": np.zeros(hidden, np.float32),
        **_of_norm("embeddings.LayerNorm", model.embedding_norm),
    }
    for number, layer in enumerate(model.layers):
        for part, name in _LINEARS.items():
            linear: Linear = getattr(layer, part)
            tensors[f"encoder.layer.{number}.{name}.weight"] = linear.weight.T
            tensors[f"encoder.layer.{number}.{name}.bias"] = linear.bias
        for part, name in _NORMS.items():
            tensors |= _of_norm(f"encoder.layer.{number}.{name}", getattr(layer, part))
    return {name: np.ascontiguousarray(values, np.float32) for name, values in tensors.items()}


def to_model(tensors: Mapping[str, Floats], vocabulary: Vocabulary, *, heads: int, epsilon: float) -> E5:
    """The inverse of `to_tensors`."""
    count = sum(name.endswith(".intermediate.dense.weight") for name in tensors)
    types = tensors["embeddings.token_type_embeddings.weight"]
    return E5(
        vocabulary=vocabulary,
        heads=heads,
        epsilon=epsilon,
        words=tensors["embeddings.word_embeddings.weight"],
        positions=tensors["embeddings.position_embeddings.weight"] + types[:1],
        embedding_norm=_norm(tensors, "embeddings.LayerNorm"),
        layers=[_layer(tensors, f"encoder.layer.{number}") for number in range(count)],
    )


def _layer(tensors: Mapping[str, Floats], prefix: str) -> Layer:
    linears = {part: _linear(tensors, f"{prefix}.{name}") for part, name in _LINEARS.items()}
    norms = {part: _norm(tensors, f"{prefix}.{name}") for part, name in _NORMS.items()}
    return Layer(**linears, **norms)  # pyright: ignore[reportArgumentType] - linears and norms by their own names


def _linear(tensors: Mapping[str, Floats], name: str) -> Linear:
    return Linear(weight=np.ascontiguousarray(tensors[f"{name}.weight"].T), bias=tensors[f"{name}.bias"])


def _norm(tensors: Mapping[str, Floats], name: str) -> Norm:
    return Norm(weight=tensors[f"{name}.weight"], bias=tensors[f"{name}.bias"])


def _of_norm(name: str, norm: Norm) -> dict[str, Floats]:
    return {f"{name}.weight": norm.weight, f"{name}.bias": norm.bias}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _descriptions(model: E5) -> dict[str, object]:
    """The small files beside the weights."""
    hidden, vocabulary = model.words.shape[1], model.vocabulary
    names = {"bos": vocabulary.bos, "eos": vocabulary.eos, "pad": vocabulary.pad, "unk": vocabulary.unknown}
    names |= {"cls": vocabulary.bos, "sep": vocabulary.eos}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "vocab_size": model.words.shape[0],
            "hidden_size": hidden,
            "num_hidden_layers": len(model.layers),
            "num_attention_heads": model.heads,
            "intermediate_size": model.layers[0].feed_in.bias.size,
            "hidden_act": "gelu",
            "max_position_embeddings": model.positions.shape[0],
            "type_vocab_size": 2,
            "layer_norm_eps": round(model.epsilon, 15),
            "pad_token_id": vocabulary.pad,
            "bos_token_id": vocabulary.bos,
            "eos_token_id": vocabulary.eos,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": TOKENS,
            **{f"{name}_token": vocabulary.pieces[number][0] for name, number in names.items()},
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": kind}
            for number, (path, kind) in enumerate(_MODULES.items())
        ],
        "1_Pooling/config.json": {"embedding_dimension": hidden, "pooling_mode": "mean", "include_prompt": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "similarity_fn_name": "cosine"},
    }
