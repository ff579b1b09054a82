"""A random model of the kind of multilingual-e5, small enough for a test: 2 layers, 32 dimensions."""

from __future__ import annotations

import string

import numpy as np

from kgqa.embedded.e5_container import E5, Floats, Layer, Linear, Norm, Vocabulary

HIDDEN = 32
FEED = 64
POSITIONS = 514
WORDS = ("pump", "seal", "query", "passage", "kestrel", "the", "of", "error", "part", "makes")


def tiny_e5(seed: int = 0) -> E5:
    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> Floats:
        return rng.normal(0, 0.2, shape).astype(np.float32)

    def linear(inputs: int, outputs: int) -> Linear:
        return Linear(weight=weights(inputs, outputs), bias=weights(outputs))

    def norm() -> Norm:
        return Norm(weight=1 + weights(HIDDEN), bias=weights(HIDDEN))

    letters = [*string.ascii_letters, *string.digits, *string.punctuation]
    pieces = [(name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces += [("▁", -3.0), *((letter, -6.0) for letter in letters), *((f"▁{word}", -2.0) for word in WORDS)]
    layers = [
        Layer(
            query=linear(HIDDEN, HIDDEN),
            key=linear(HIDDEN, HIDDEN),
            value=linear(HIDDEN, HIDDEN),
            attention_out=linear(HIDDEN, HIDDEN),
            attention_norm=norm(),
            feed_in=linear(HIDDEN, FEED),
            feed_out=linear(FEED, HIDDEN),
            out_norm=norm(),
        )
        for _ in range(2)
    ]
    return E5(
        vocabulary=Vocabulary(pieces=pieces, bos=0, eos=2, pad=1, unknown=3),
        heads=4,
        epsilon=1e-12,
        words=weights(len(pieces) + 3, HIDDEN),  # a few rows more than pieces, as in the original
        positions=weights(POSITIONS, HIDDEN),
        embedding_norm=norm(),
        layers=layers,
    )
