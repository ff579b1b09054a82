"""Numbered, forward-only SQL migrations, and a runner that applies each once, in its own transaction.

`schema.sql` is what `pg_dump` makes of running them all; a test keeps it current.
"""

from __future__ import annotations

from importlib.resources import files


def pending(applied: frozenset[str]) -> list[tuple[str, str]]:
    """(name, SQL) of the migrations not in `applied`, in order."""
    found = sorted(
        (f for f in files(__name__).iterdir() if f.name[:4].isdigit() and f.name.endswith(".sql")), key=lambda f: f.name
    )
    return [(f.name, f.read_text(encoding="utf-8")) for f in found if f.name not in applied]
