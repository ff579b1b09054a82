from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from kgqa.embedded.e5_container import _Reader, _Tensors, read_e5


def test_packed_weights_are_nibbles_minus_eight_times_the_scale_of_their_block():
    rng = np.random.default_rng(0)
    nibbles = rng.integers(0, 16, size=(4, 32))
    scales = np.array([0.5, 1, 2, -0.25], np.float16)
    packed = b"".join(
        scale.tobytes() + bytes(int(low) | int(high) << 4 for low, high in zip(block[:16], block[16:], strict=True))
        for scale, block in zip(scales, nibbles, strict=True)
    )
    directory = struct.pack("<iH1sBIQQ", 1, 1, b"w", 1, 128, 0, len(packed))
    reader = _Reader(packed + directory)
    reader.skip(len(packed))
    expected = ((nibbles - 8) * scales.astype(np.float32)[:, None]).reshape(2, 64)
    np.testing.assert_array_equal(_Tensors(reader).packed("w", 2, 64), expected)


def test_another_file_is_refused(tmp_path: Path):
    (tmp_path / "model.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="not an E5S1 container"):
        read_e5(tmp_path / "model.bin")
