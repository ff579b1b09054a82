"""What executors on other machines receive: one archive with the packages and the encoder.

Spark unpacks it in the working directory of every executor under the name `ARCHIVE`, which is put on PYTHONPATH.
The libraries themselves (spaCy, onnxruntime, psycopg ...) are expected to be installed there, from the same lock.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from kgqa.embedded.models import ENCODER_VERSION, encoder_directory
from kgqa.settings import Settings

#: name of the unpacked folder on executors
ARCHIVE = "kgqa_archive"
#: folder inside the archive that stands for `settings.cache`
MODELS = "models"
PACKAGES = ("kgqa", "spark", "api", "cypher", "migrations")


def build_archive(settings: Settings, folder: Path) -> Path:
    """The archive, made anew when the code or the models have changed. Deterministic."""
    entries = sorted(_entries(settings))
    digest = sha256()
    for name, path in entries:
        stat = path.stat()
        digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    target = folder / f"kgqa-{digest.hexdigest()[:16]}.zip"
    if not target.exists():
        part = target.with_suffix(".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for name, path in entries:
                archive.write(path, name)
        part.replace(target)
    return target


def unpacked_cache(settings: Settings) -> Settings:
    """The settings as an executor has them: models come out of the archive where there is one."""
    folder = Path(ARCHIVE, MODELS)
    return settings.model_copy(update={"cache": folder.absolute()}) if folder.is_dir() else settings


def _entries(settings: Settings) -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for root in import_module(package).__path__:
            yield from _files(Path(root), package)
    yield from _files(encoder_directory(settings.cache), f"{MODELS}/encoder/{ENCODER_VERSION}")


def _files(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".part":
            yield f"{prefix}/{path.relative_to(root).as_posix()}", path
