"""Entities as the caller may see them, their connections and their neighbourhood."""

from __future__ import annotations

import strawberry
from strawberry import relay

from api.graphql.ids import encode, entity_key
from kgqa.model.entity import Entity as EntityValue
from kgqa.model.library import Neighbourhood as NeighbourhoodValue
from kgqa.model.library import Page


@strawberry.type(description="A resolved thing; everything here is computed from what the caller may read.")
class Entity(relay.Node):
    """An entity of one collection."""

    place: relay.NodeID[str]
    name: str
    type: str
    aliases: list[str]
    mentions: int = strawberry.field(description="Chunks that mention it.")
    documents: int


@strawberry.type(description="A relation between two entities, with the chunks that assert it.")
class Relation:
    """An edge."""

    id: strawberry.ID
    subject: strawberry.ID = strawberry.field(description="Global id of an entity.")
    predicate: str
    object: strawberry.ID = strawberry.field(description="Global id of an entity.")
    chunk_ids: list[strawberry.ID]


@strawberry.type(description="Entities and relations around an entity, strongest first, capped.")
class Neighbourhood:
    """Nodes and edges."""

    nodes: list[Entity]
    edges: list[Relation]
    truncated: bool


@strawberry.type(description="An entity in a list, with its cursor.")
class EntityEdge:
    """An edge of the connection."""

    node: Entity
    cursor: str


@strawberry.type(description="A page of entities.")
class EntityConnection:
    """Entities by name."""

    edges: list[EntityEdge]
    page_info: relay.PageInfo
    total_count: int = strawberry.field(description="Entities on all pages.")


def entity(value: EntityValue, collection: str) -> Entity:
    """An entity."""
    return Entity(
        place=entity_key(collection, value.id),
        name=value.name,
        type=value.type,
        aliases=list(value.aliases),
        mentions=value.mentions,
        documents=value.documents,
    )


def connection(page: Page[EntityValue], collection: str, *, after: str | None) -> EntityConnection:
    """A page of entities."""
    edges = [
        EntityEdge(node=entity(item, collection), cursor=cursor)
        for item, cursor in zip(page.items, page.cursors, strict=True)
    ]
    return EntityConnection(
        edges=edges,
        page_info=relay.PageInfo(
            has_next_page=page.has_next,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=page.total,
    )


def neighbourhood(value: NeighbourhoodValue, collection: str) -> Neighbourhood:
    """Entities and the relations between them."""

    def node_id(entity_id: int) -> strawberry.ID:
        return strawberry.ID(encode("Entity", entity_key(collection, entity_id)))

    return Neighbourhood(
        nodes=[entity(item, collection) for item in value.entities],
        edges=[
            Relation(
                id=strawberry.ID(str(relation.id)),
                subject=node_id(relation.subject),
                predicate=relation.predicate,
                object=node_id(relation.object),
                chunk_ids=[strawberry.ID(str(chunk)) for chunk in relation.chunk_ids],
            )
            for relation in value.relations
        ],
        truncated=value.truncated,
    )
