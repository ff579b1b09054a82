"""Deleted at once, removed afterwards.

Removing a document takes back the names that only it stated, in every other text, and may take seconds. So a deletion
is two transactions: the first writes which versions nobody reads any more, waits for no lock of a collection, and is
what readers see; the second removes them (publish.py). Who ends between them leaves documents that are hidden:
`remove_hidden` removes those too, and a new version of one is read as any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load


def hide(connection: Connection, collection_id: int, keys: Sequence[str]) -> int:
    """Hide published documents from every reader, in every generation; how many were not hidden before."""
    bound = {"collection": collection_id, "keys": list(keys)}
    return len(connection.execute(load("hiding")["hide"], bound).fetchall())


def hidden_keys(connection: Connection, collection_id: int) -> list[str]:
    """Keys of documents that are hidden and not removed."""
    return [key for (key,) in connection.execute(load("hiding")["hidden_keys"], {"collection": collection_id})]


def forget_removed(connection: Connection) -> None:
    """Versions that are gone need not be hidden."""
    connection.execute(load("hiding")["forget_removed"])
