"""Writes multilingual-e5-small as an ONNX graph with 8-bit weights, and its tokenizer as `tokenizer.json`.

The graph takes `input_ids` (1, tokens) and gives `embedding` (1, hidden): the mean of the last layer, length 1. It
takes one text at a time on purpose: activations are quantised with one scale per call, so in a batch a vector would
depend on its neighbours (docs/decisions/0002). Fused operators of ONNX Runtime (`com.microsoft`) make it fast.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from kgqa.embedded.e5_container import E5, Layer, Linear, Norm, Vocabulary

#: longest input of the model
TOKENS = 512
_FUSED = "com.microsoft"


def write_tokenizer(vocabulary: Vocabulary, path: Path) -> None:
    """Write the unigram tokenizer with SentencePiece's normalisation (nmt_nfkc) and `<s> ... </s>`."""
    pieces = vocabulary.pieces
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(  # type: ignore[assignment]
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")  # type: ignore[assignment]
    bos, eos = (pieces[number][0] for number in (vocabulary.bos, vocabulary.eos))
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single=f"{bos} $A {eos}", special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)]
    )
    special = (vocabulary.bos, vocabulary.pad, vocabulary.eos, vocabulary.unknown)
    tokenizer.add_special_tokens([AddedToken(pieces[n][0], normalized=False, special=True) for n in special])
    tokenizer.enable_truncation(TOKENS)
    tokenizer.save(str(path))


def write_graph(model: E5, path: Path) -> None:
    """Write the graph: 8-bit weights (one scale per column), 8-bit activations (scaled per call)."""
    exact = path.with_suffix(".float.onnx")
    onnx.save(_Graph(model).finished(), str(exact))
    logging.disable(logging.WARNING)  # it recommends a preparation that changes nothing in this graph
    try:
        quantize_dynamic(
            exact,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Attention"],
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
    finally:
        logging.disable(logging.NOTSET)
    exact.unlink()


class _Graph:
    """Collects nodes and weights; every method adds a piece and returns the name of its output."""

    def __init__(self, model: E5) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def finished(self) -> onnx.ModelProto:
        """The whole model."""
        state = self._embeddings()
        for number, layer in enumerate(self._model.layers):
            state = self._layer(f"layer{number}", layer, state)
        self._pooled(state)
        hidden = self._model.words.shape[1]
        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, hidden])],
            self._weights,
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _embeddings(self) -> str:
        words = self._weight("words", self._model.words.astype(np.float16))  # half the file, no loss at 4 bits
        picked = self._node("Cast", [self._node("Gather", [words, "input_ids"])], to=TensorProto.FLOAT)
        length = self._node("Shape", ["input_ids"], start=1, end=2)
        zero = self._weight("zero", np.array([0], np.int64))
        places = self._node("Slice", [self._weight("positions", self._model.positions), zero, length, zero])
        both = self._node("Add", [picked, places])
        weight, bias = self._norm("embedding", self._model.embedding_norm)
        return self._node("LayerNormalization", [both, weight, bias], epsilon=self._model.epsilon, axis=-1)

    def _layer(self, name: str, layer: Layer, state: str) -> str:
        parts = (layer.query, layer.key, layer.value)
        weight = self._weight(f"{name}.qkv", np.concatenate([part.weight for part in parts], axis=1))
        bias = self._weight(f"{name}.qkv.bias", np.concatenate([part.bias for part in parts]))
        attended = self._fused("Attention", [state, weight, bias], num_heads=self._model.heads)
        product = self._product(f"{name}.attention", layer.attention_out, attended)
        state = self._residual(f"{name}.attention", layer.attention_out, layer.attention_norm, product, state)
        product = self._product(f"{name}.feed_in", layer.feed_in, state)
        active = self._fused("BiasGelu", [product, self._weight(f"{name}.feed_in.bias", layer.feed_in.bias)])
        product = self._product(f"{name}.feed_out", layer.feed_out, active)
        return self._residual(f"{name}.feed_out", layer.feed_out, layer.out_norm, product, state)

    def _product(self, name: str, linear: Linear, state: str) -> str:
        return self._node("MatMul", [state, self._weight(f"{name}.weight", linear.weight)])

    def _residual(self, name: str, linear: Linear, norm: Norm, product: str, state: str) -> str:
        """Normalise (product + bias + state)."""
        weight, shift = self._norm(name, norm)
        bias = self._weight(f"{name}.bias", linear.bias)
        return self._fused("SkipLayerNormalization", [product, state, weight, shift, bias], epsilon=self._model.epsilon)

    def _pooled(self, state: str) -> None:
        axis = self._weight("token_axis", np.array([1], np.int64))
        mean = self._node("ReduceMean", [state, axis], keepdims=0)
        length = self._node("ReduceL2", [mean, axis], keepdims=1)
        self._nodes.append(helper.make_node("Div", [mean, length], ["embedding"], name="embedding"))

    def _norm(self, name: str, norm: Norm) -> tuple[str, str]:
        return self._weight(f"{name}.norm.weight", norm.weight), self._weight(f"{name}.norm.bias", norm.bias)

    def _weight(self, name: str, values: np.ndarray) -> str:
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _fused(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        return self._node(operator, inputs, domain=_FUSED, **attributes)

    def _node(self, operator: str, inputs: list[str], domain: str = "", **attributes: Any) -> str:
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output
