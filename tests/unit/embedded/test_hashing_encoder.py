from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgqa.adapters.scripted.encoder import HashingEncoder


@given(st.lists(st.text(max_size=60), max_size=6))
def test_rows_are_unit_vectors_in_the_order_of_the_texts(texts: list[str]):
    encoder = HashingEncoder(dimensions=64)
    rows = encoder.embed(texts, "passage")
    assert rows.shape == (len(texts), 64)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_array_equal(row, encoder.embed([text], "query")[0])


def test_texts_that_share_words_are_nearer_than_others():
    rows = HashingEncoder().embed(["the pump P350 leaks", "a leaking P350 pump", "quarterly sales figures"], "passage")
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_vectors_are_the_same_in_every_process():
    code = (
        "from kgqa.adapters.scripted.encoder import HashingEncoder;"
        "print(HashingEncoder(dimensions=8).embed(['pump'], 'query').tolist())"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(results) == 1
