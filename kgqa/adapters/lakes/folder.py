"""A folder of this machine as a lake. Names of files need not be text, and no folder is passed over in silence."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kgqa.errors import InvalidInput, NotFound
from kgqa.model.document import LakeFile

#: a file that changed less than this before it was listed may change again without another time
SETTLED_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLake:
    """Files below a folder; the key is the path inside it, with `/`."""

    #: absolute
    path: Path

    @property
    def uri(self) -> str:
        """Its name in the record."""
        return self.path.as_uri()

    def files(self) -> Iterator[LakeFile]:
        """Files by folder and name. Raises InvalidInput where a folder cannot be listed."""
        now = time.time()
        for directory, folders, files in os.walk(self.path, onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
            for name in sorted(files):
                if name.startswith(("_", ".")):
                    continue
                path = Path(directory, name)
                key = os.fsencode(path.relative_to(self.path).as_posix()).decode("utf-8", "replace")
                size, mark = _size_and_mark(path, now)
                yield LakeFile(key=key, uri=path.as_uri(), path=os.fsencode(path), size=size, mark=mark)

    def read(self, path: bytes) -> bytes:
        """The bytes of a file. Raises OSError."""
        return Path(os.fsdecode(path)).read_bytes()

    def beside(self, name: str) -> bytes | None:
        """A file directly in it, or None."""
        path = self.path / name
        return path.read_bytes() if path.exists() else None


def local_path(source: str) -> Path:
    """The folder or file that a path or `file:` URI names. Raises NotFound, or InvalidInput for any other URI."""
    parts = urlsplit(source)
    if parts.scheme == "file":
        source = unquote(parts.path)
    elif len(parts.scheme) > 1:
        raise InvalidInput(f"{parts.scheme}: is nothing on this machine.", hint="name a file or folder.")
    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise NotFound(f"There is no source {str(path)!r}.")
    return path


def _size_and_mark(path: Path, now: float) -> tuple[int, str]:
    try:
        stat = path.stat()
    except OSError:
        return 0, ""  # reading it will say why
    if now - max(stat.st_mtime, stat.st_ctime) < SETTLED_SECONDS:
        return stat.st_size, ""
    return stat.st_size, f"{stat.st_mtime_ns} {stat.st_ctime_ns}"


def _refuse(problem: OSError) -> None:
    raise InvalidInput(
        f"The folder {problem.filename!r} cannot be listed: {problem.strerror or problem}.",
        hint="give the right to read it, or rename it so that it starts with `_` to leave it out.",
    )
