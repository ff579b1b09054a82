"""What the adapters over an extra share: `models` (torch) or `audio` (speech), imported when a model is needed."""

from __future__ import annotations

import importlib
from hashlib import sha256
from pathlib import Path
from typing import Any

from kgqa.errors import ConfigurationError

#: files of a model folder that decide what it computes
_WEIGHTS = ("*.json", "*.safetensors", "*.bin", "*.model")
#: where an extra is explained
_PAGES = {"models": "docs/models.md", "audio": "docs/formats.md"}


def library(name: str, extra: str = "models") -> Any:
    """The module. Raises ConfigurationError where the extra is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise not_installed(extra, f"This needs the extra `{extra}`: {problem}.") from None


def not_installed(extra: str, message: str) -> ConfigurationError:
    """The refusal of what an extra is needed for, with the command that has it."""
    return ConfigurationError(
        message, hint=f"start kgqa with `./run --{extra} kgqa`, or install kgqa[{extra}] ({_PAGES[extra]})."
    )


def transformers() -> Any:
    """The module `transformers`, without its bars for work of a second."""
    module = library("transformers")
    module.utils.logging.disable_progress_bar()
    return module


def device_of(name: str) -> str:
    """`cpu` or `cuda`; `auto` takes a GPU where there is one. Raises ConfigurationError for a missing GPU."""
    found = bool(library("torch").cuda.is_available())
    if name == "cuda" and not found:
        raise ConfigurationError("KGQA_MODELS__DEVICE is cuda, but torch finds no GPU.", hint="set it to auto or cpu.")
    return "cuda" if found and name != "cpu" else "cpu"


def model_folder(directory: Path) -> Path:
    """The folder, when it holds a model: nothing is ever downloaded. Raises ConfigurationError."""
    if not (directory / "config.json").is_file():
        raise ConfigurationError(
            f"{directory} is no model folder: it has no config.json.", hint="`kgqa models export DIR` makes one."
        )
    return directory


def digest(directory: Path) -> str:
    """Says which model it is, wherever the folder lies: 12 hexadecimal digits over weights, tokenizer and options."""
    whole = sha256()
    for path in sorted({path for pattern in _WEIGHTS for path in directory.rglob(pattern)}):
        whole.update(f"{path.relative_to(directory).as_posix()}\0".encode())
        with path.open("rb") as content:
            while block := content.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()[:12]
