"""Aliases and entities in the record: links, components, and which entity each sense belongs to.

Only what a change touches is done again: new senses, lost ones, and equivalences that began or ceased to be stated
name the components; these are read whole, cut again by `ingest.resolve.partition`, and inherit their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from kgqa.adapters.postgres.names import Scope
from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.stage import copy
from kgqa.adapters.postgres.statements import load
from kgqa.ingest.resolve import blocking_keys, components, inherit_ids, partition, score
from kgqa.model.entity import Alias, AliasLink

#: components above this many are read by one scan of the collection
MANY_COMPONENTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Whole components: aliases, the links among them, and the entity each alias belongs to so far."""

    aliases: Sequence[Alias]
    links: Sequence[AliasLink]
    entity_of: Mapping[int, int]


def resolve_touched(connection: Connection, scope: Scope, *, resolve: bool) -> None:
    """Bring aliases, entities and relations up to date with the documents of this change.

    Without `resolve` new aliases, and those whose component may fall apart, are in no component until
    `resolution.resolve_collection` or `resolution.store_partition`.
    """
    sql = load("entities")
    connection.execute(sql["make_resolved"])
    lost = connection.execute(sql["lost_aliases"], scope.parameters).fetchall()
    ids = {**scope.parameters, "ids": [row[0] for row in lost]}
    orphaned = {row[0] for row in connection.execute(sql["neighbours"], ids)} - {row[0] for row in lost}
    connection.execute(sql["forget_keys"], ids)
    connection.execute(sql["forget_links"], ids)
    restated = {row[0] for row in connection.execute(sql["restated"], scope.parameters)}
    stale = {row[1] for row in lost if row[1] is not None}
    if resolve:
        resolve_seeds(connection, scope, restated | orphaned, stale)
    else:
        bound = {**scope.parameters, "ids": sorted(restated | orphaned), "components": sorted(stale)}
        connection.execute(sql["unsettle"], bound)
        for statement in ("drop_entities", "count_aliases", "drop_redirects"):
            connection.execute(sql[statement], scope.parameters)
    relate(connection, scope)


def resolve_seeds(connection: Connection, scope: Scope, seeds: Set[int], stale: Set[int]) -> None:
    """Resolve new aliases, the components of the seeds and the stale components."""
    new = link_new(connection, scope)
    members = _members(connection, scope, seeds | {a.id for a in new}, stale)
    clusters = partition(members.aliases, members.links)
    write_partition(connection, scope, members, clusters)


def link_new(connection: Connection, scope: Scope) -> list[Alias]:
    """Compare aliases that are in no component with all of the collection; they, in order."""
    sql = load("entities")
    new = [_alias(row) for row in connection.execute(sql["unresolved"], scope.parameters)]
    keys = {alias.id: blocking_keys(alias) for alias in new}
    wanted = sorted({key for found in keys.values() for key in found})
    partners = [_alias(row) for row in connection.execute(sql["partners"], {**scope.parameters, "keys": wanted})]
    store_keys(connection, scope, keys)
    store_links(connection, scope, links_of(new, partners, keys))
    return new


def store_keys(connection: Connection, scope: Scope, keys: Mapping[int, Set[str]]) -> None:
    """Replace the blocking keys of some aliases."""
    connection.execute(load("entities")["forget_keys"], {**scope.parameters, "ids": list(keys)})
    rows = ((scope.generation, key, i, scope.collection_id) for i, found in keys.items() for key in sorted(found))
    copy(connection, "entities", "copy_alias_key", "int4 text int8 int4", rows)


def store_links(connection: Connection, scope: Scope, links: Sequence[AliasLink]) -> None:
    """Add links that follow from names alone; those that are there already stay."""
    bound = {
        **scope.parameters,
        "left": [link.left for link in links],
        "right": [link.right for link in links],
        "reasons": [link.reason for link in links],
        "scores": [link.score for link in links],
    }
    connection.execute(load("entities")["add_links"], bound)


def links_of(new: Sequence[Alias], partners: Sequence[Alias], keys: Mapping[int, Set[str]]) -> list[AliasLink]:
    """Links of pairs that hold at least one new alias; `keys` are those of the new ones."""
    blocks: dict[str, list[Alias]] = {}
    for alias in new:
        for key in keys[alias.id]:
            blocks.setdefault(key, []).append(alias)
    pairs: dict[tuple[int, int], tuple[Alias, Alias]] = {}
    for partner in partners:
        for key in blocking_keys(partner):
            for alias in blocks.get(key, ()):
                pairs[min(alias.id, partner.id), max(alias.id, partner.id)] = (alias, partner)
    for block in blocks.values():
        for i, alias in enumerate(block):
            for other in block[i + 1 :]:
                pairs[min(alias.id, other.id), max(alias.id, other.id)] = (alias, other)
    scored = (score(left, right) for _, (left, right) in sorted(pairs.items()))
    return [link for link in scored if link]


def write_partition(connection: Connection, scope: Scope, members: Members, clusters: Iterable[Set[int]]) -> None:
    """Store which component and entity each alias belongs to; ids are inherited by largest overlap."""
    sql = load("entities")
    groups = list(clusters)
    ids = [alias.id for alias in members.aliases]
    taken = {row[0] for row in connection.execute(sql["taken_ids"], {**scope.parameters, "ids": ids})}
    entity_of, redirects = inherit_ids(members.entity_of, groups, taken)
    component_of = components(ids, members.links)
    rows = ((alias, component_of[alias], entity) for alias, entity in entity_of.items())
    copy(connection, "entities", "copy_resolved", "int8 int8 int8", rows)
    for statement in ("remember_moves", "set_entities", "add_entities", "drop_entities", "count_aliases"):
        connection.execute(sql[statement], scope.parameters)
    parameters = {**scope.parameters, "old": list(redirects), "new": list(redirects.values())}
    for statement in ("add_redirects", "follow_redirects", "drop_redirects"):
        connection.execute(sql[statement], parameters)


def _members(connection: Connection, scope: Scope, seeds: Set[int], stale: Set[int]) -> Members:
    """The components of the seeds, of all that is linked to them, and the stale ones."""
    sql = load("entities")
    linked = {row[0] for row in connection.execute(sql["neighbours"], {**scope.parameters, "ids": sorted(seeds)})}
    reached = {**scope.parameters, "ids": sorted(seeds | linked)}
    found = {row[0] for row in connection.execute(sql["components_of"], reached)} | stale
    return load_members(connection, scope, sorted(seeds | linked), sorted(found))


def load_members(
    connection: Connection, scope: Scope, ids: Sequence[int] | None = None, found: Sequence[int] = ()
) -> Members:
    """Some components and single aliases; without `ids`, the whole collection."""
    sql = load("entities")
    is_whole = ids is None or len(ids) + len(found) > MANY_COMPONENTS
    bound = {**scope.parameters, "ids": list(ids or ()), "components": list(found)}
    rows = connection.execute(sql["all_members" if is_whole else "members"], bound).fetchall()
    bound["ids"] = [row[0] for row in rows]
    links = connection.execute(sql["all_links" if is_whole else "links"], bound).fetchall()
    return Members(
        aliases=[_alias(row) for row in rows],
        links=[AliasLink(left=r[0], right=r[1], score=r[2], reason=r[3], acl_class=r[4]) for r in links],
        entity_of={row[0]: row[4] for row in rows if row[4] is not None},
    )


def relate(connection: Connection, scope: Scope) -> None:
    """Relations between entities, by the claims that support them; then what the projector has to read again."""
    sql = load("entities")
    connection.execute(sql["make_touched_claim"])
    for statement in ("find_claims", "remember_relations", "forget_supports"):
        connection.execute(sql[statement], scope.parameters)
    connection.execute(sql["make_supported"])
    connection.execute(sql["add_relations"])
    connection.execute(sql["add_supports"])
    for statement in ("mark_entities", "drop_relations", "mark_names"):
        connection.execute(sql[statement], scope.parameters)


def _alias(row: Sequence[Any]) -> Alias:
    identity, norm, type_, signature = row[:4]
    return Alias(id=identity, norm=norm, surface=norm, type=type_, signature=signature)
