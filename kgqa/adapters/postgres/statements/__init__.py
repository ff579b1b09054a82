"""Every SQL statement of the record, by file and name: `-- name: x` starts a statement, comments say what for."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


@cache
def load(file: str) -> dict[str, bytes]:
    """The statements of `statements/FILE.sql` by name. As bytes: the driver's type for text that is no literal."""
    text = resources.files(__name__).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (body.strip().encode() for body in parts[2::2]), strict=True))
