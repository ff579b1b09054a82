"""Cypher statements, one per file: `statement("ask/expand")` is the text of `cypher/ask/expand.cypher`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Text of one statement. Raises FileNotFoundError for a name without a file."""
    return files(__name__).joinpath(f"{name}.cypher").read_text(encoding="utf-8")
