"""Entities as one view resolves them: from visible senses and visible links alone, as if nothing else existed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.ingest.resolve import partition
from kgqa.model.entity import Alias, AliasLink, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """A visible alias with its visible support."""

    alias: Alias
    component: int
    #: the stored entity, which may stand on what the view does not see
    entity: int
    mentions: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewEntity:
    """An entity of this view; counts of chunks and documents are read when it is shown."""

    id: int
    senses: tuple[Sense, ...]

    @property
    def best(self) -> Sense:
        """The sense that gives name and type: typed before untyped, best supported, longest."""
        return min(
            self.senses,
            key=lambda s: (
                -s.mentions,
                -s.chunks,
                s.alias.type == "",
                -len(s.alias.surface),
                s.alias.surface,
                s.alias.id,
            ),
        )

    @property
    def type(self) -> str:
        """The best supported type that is known."""
        counts: Counter[str] = Counter()
        for sense in self.senses:
            if sense.alias.type:
                counts[sense.alias.type] += 1 + sense.mentions
        return min(counts, key=lambda type_: (-counts[type_], type_), default="")

    @property
    def order(self) -> tuple[str, int]:
        """Place in a listing."""
        return self.best.alias.surface.casefold(), self.id


def view_entities(
    connection: Connection, parameters: Mapping[str, Any], components: Sequence[int] | None
) -> list[ViewEntity]:
    """Entities of some components, or of the whole collection; in the order of a listing."""
    sql = load("library")
    senses = _senses(connection.execute(sql["senses"], {**parameters, "components": components}))
    ids = None if components is None else list(senses)
    links = [
        AliasLink(left=row[0], right=row[1], score=row[2], reason=row[3], acl_class=row[4])
        for row in connection.execute(sql["visible_links"], {**parameters, "ids": ids})
    ]
    groups = partition([sense.alias for sense in senses.values()], links)
    stored = sorted({sense.entity for sense in senses.values()})
    sizes: dict[int, int] = dict(connection.execute(sql["clusters"], {**parameters, "entities": stored}).fetchall())
    entities = (_entity([senses[i] for i in sorted(group)], sizes) for group in groups)
    return sorted(entities, key=lambda entity: entity.order)


def shown(connection: Connection, parameters: Mapping[str, Any], entities: Sequence[ViewEntity]) -> list[Entity]:
    """The entities with their counts, in order."""
    pairs = [(place, sense.alias.id) for place, entity in enumerate(entities) for sense in entity.senses]
    bound = {**parameters, "places": [p[0] for p in pairs], "ids": [p[1] for p in pairs]}
    counts = {row[0]: (row[1], row[2]) for row in connection.execute(load("library")["counts"], bound)}
    return [
        Entity(
            id=entity.id,
            name=entity.best.alias.surface,
            type=entity.type,
            aliases=tuple(sorted({sense.alias.surface for sense in entity.senses})),
            mentions=counts.get(place, (0, 0))[0],
            documents=counts.get(place, (0, 0))[1],
        )
        for place, entity in enumerate(entities)
    ]


def _entity(senses: Sequence[Sense], sizes: Mapping[int, int]) -> ViewEntity:
    """The stored id where the view sees exactly the stored entity, else the smallest visible alias id."""
    stored = {sense.entity for sense in senses}
    entity = next(iter(stored))
    is_whole = len(stored) == 1 and sizes.get(entity) == len(senses)
    return ViewEntity(id=entity if is_whole else senses[0].alias.id, senses=tuple(senses))


def _senses(rows: Iterable[Sequence[Any]]) -> dict[int, Sense]:
    """One sense per alias; its surface is the one with most mentions."""
    by_alias: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        by_alias.setdefault(row[0], []).append(row)
    senses: dict[int, Sense] = {}
    for identity, found in by_alias.items():
        _, norm, type_, signature, component, entity, *_ = found[0]
        surface = min(found, key=lambda row: (-row[7], row[6]))[6]
        senses[identity] = Sense(
            alias=Alias(id=identity, norm=norm, surface=surface, type=type_, signature=signature),
            component=component,
            entity=entity,
            mentions=sum(row[7] for row in found),
            chunks=sum(row[8] for row in found),
        )
    return senses
