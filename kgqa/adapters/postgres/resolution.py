"""Resolving what publishing left open: in memory, or with a partition that was computed elsewhere (Spark)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from kgqa.adapters.postgres.entities import (
    Members,
    load_members,
    relate,
    resolve_seeds,
    store_keys,
    store_links,
    write_partition,
)
from kgqa.adapters.postgres.names import Scope
from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict
from kgqa.ingest.resolve import blocking_keys
from kgqa.model.entity import AliasLink


def count_waiting(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Number of aliases that wait for a component, and of all."""
    row = connection.execute(load("entities")["count_unsettled"], scope.parameters).fetchone()
    assert row is not None
    return row[0], row[1]


def members(connection: Connection, scope: Scope) -> Members:
    """All aliases of the collection and the links that are known."""
    return load_members(connection, scope)


def resolve_collection(connection: Connection, scope: Scope) -> None:
    """Resolve what waits. Call inside a transaction, under the collection's lock."""
    _begin(connection)
    resolve_seeds(connection, scope, set(), set())
    relate(connection, scope)


def store_partition(
    connection: Connection, scope: Scope, links: Sequence[AliasLink], clusters: Iterable[Set[int]]
) -> None:
    """Replace the links that follow from names and the partition. Call inside a transaction, under the lock.

    Raises Conflict when the clusters are not exactly the aliases that there are now.
    """
    _begin(connection)
    groups = list(clusters)
    before = load_members(connection, scope)
    if sorted(alias for group in groups for alias in group) != sorted(alias.id for alias in before.aliases):
        raise Conflict("The collection changed while its entities were resolved.", hint="resolve it again.")
    store_keys(connection, scope, {alias.id: blocking_keys(alias) for alias in before.aliases})
    connection.execute(load("entities")["forget_derived_links"], scope.parameters)
    store_links(connection, scope, [link for link in links if link.reason not in ("stated", "manual")])
    write_partition(connection, scope, load_members(connection, scope), groups)
    relate(connection, scope)


def _begin(connection: Connection) -> None:
    connection.execute(load("publish")["make_temporary_tables"])
    connection.execute(load("entities")["make_resolved"])
