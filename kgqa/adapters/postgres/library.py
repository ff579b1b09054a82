"""Documents and entities as the API shows them: `ports.Library` on PostgreSQL, role `kgqa_app`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kgqa.adapters.postgres.pool import Connection, Pool, as_caller
from kgqa.adapters.postgres.search_index import view_parameters
from kgqa.adapters.postgres.statements import load
from kgqa.adapters.postgres.view_entities import ViewEntity, shown, view_entities
from kgqa.errors import InvalidInput
from kgqa.model.answer import Caller, View
from kgqa.model.entity import Entity, Relation
from kgqa.model.identity import stable_id
from kgqa.model.library import Collection, DocumentView, Neighbourhood, Page
from kgqa.text.names import normalise

#: aliases around an entity that are looked at per entity shown
COMPANIONS_PER_ENTITY = 4


class PostgresLibrary:
    """Reads documents and entities. See `ports.Library`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collections(self, caller: Caller) -> Sequence[Collection]:
        """Collections with a visible document, by name; their dictionaries are not shown."""
        with as_caller(self._pool, caller) as connection:
            rows = connection.execute(load("library")["collections"]).fetchall()
        return [Collection(id=row[0], name=row[1], dictionary={}, documents=row[2], chunks=row[3]) for row in rows]

    def document(self, caller: Caller, document_id: int) -> DocumentView | None:
        """A visible document, or None."""
        with as_caller(self._pool, caller) as connection:
            row = connection.execute(load("library")["document"], {"id": document_id}).fetchone()
        return _document(row) if row else None

    def documents(self, view: View, *, first: int, after: str | None) -> Page[DocumentView]:
        """Visible documents by key."""
        key = _decode(after)[0] if after else None
        with self._reading(view) as (connection, parameters):
            bound = {**parameters, "after": key, "limit": first + 1}
            rows = connection.execute(load("library")["documents"], bound).fetchall()
            total = connection.execute(load("library")["count_documents"], parameters).fetchone()
        items = tuple(_document(row) for row in rows[:first])
        return Page(
            items=items,
            cursors=tuple(_encode(item.key) for item in items),
            has_next=len(rows) > first,
            total=total[0] if total else 0,
        )

    def entity(self, view: View, entity_id: int) -> Entity | None:
        """The entity that an alias id, entity id or former entity id leads to in this view, or None."""
        with self._reading(view) as (connection, parameters):
            found = _find(connection, parameters, entity_id)
            return shown(connection, parameters, [found])[0] if found else None

    def entities(self, view: View, *, text: str | None, first: int, after: str | None) -> Page[Entity]:
        """Entities of this view by name."""
        wanted = normalise(text) if text else ""
        with self._reading(view) as (connection, parameters):
            components = None
            if wanted:
                rows = connection.execute(load("library")["components_by_text"], {**parameters, "text": wanted})
                components = [row[0] for row in rows]
            found = [
                entity
                for entity in view_entities(connection, parameters, components)
                if any(wanted in sense.alias.norm for sense in entity.senses)
            ]
            later = [e for e in found if e.order > _entity_cursor(after)] if after else found
            items = tuple(shown(connection, parameters, later[:first]))
        return Page(
            items=items,
            cursors=tuple(_encode(*entity.order) for entity in later[:first]),
            has_next=len(later) > first,
            total=len(found),
        )

    def neighbourhood(self, view: View, entity_id: int, *, limit: int) -> Neighbourhood:
        """The entity and those it shares visible claims or chunks with, strongest first."""
        sql = load("library")
        with self._reading(view) as (connection, parameters):
            centre = _find(connection, parameters, entity_id)
            if centre is None:
                return Neighbourhood(entities=(), relations=(), truncated=False)
            bound = {**parameters, "ids": _ids(centre), "limit": COMPANIONS_PER_ENTITY * (limit + 1)}
            weights: dict[int, int] = dict(connection.execute(sql["companions"], bound).fetchall())
            around = _around(connection, parameters, centre, weights)
            members = [centre, *around[:limit]]
            entity_of = {alias: entity.id for entity in members for alias in _ids(entity)}
            claims = connection.execute(sql["claims_among"], {**parameters, "ids": list(entity_of)}).fetchall()
            return Neighbourhood(
                entities=tuple(shown(connection, parameters, members)),
                relations=_relations(claims, entity_of),
                truncated=len(around) > limit,
            )

    @contextmanager
    def _reading(self, view: View) -> Generator[tuple[Connection, dict[str, Any]]]:
        with as_caller(self._pool, view.caller) as connection:
            yield connection, view_parameters(view)


def _find(connection: Connection, parameters: Mapping[str, Any], entity_id: int) -> ViewEntity | None:
    """The entity of this view that an alias id, entity id or former entity id leads to."""
    sql = load("library")
    bound = {**parameters, "id": entity_id}
    components = [row[0] for row in connection.execute(sql["aliases_by_id"], bound)]
    if not components:
        return None
    target = connection.execute(sql["target"], bound).fetchone()
    ids = {entity_id, *(target or ())}
    found = view_entities(connection, parameters, components)
    exact = (e for e in found if e.id in ids or not ids.isdisjoint(_ids(e)))
    stored = (e for e in found if any(sense.entity in ids for sense in e.senses))
    return next(exact, None) or next(stored, None)


def _around(
    connection: Connection, parameters: Mapping[str, Any], centre: ViewEntity, weights: Mapping[int, int]
) -> list[ViewEntity]:
    """Entities that hold the companions, strongest first."""
    rows = connection.execute(load("library")["components_of_aliases"], {**parameters, "ids": list(weights)})
    entities = view_entities(connection, parameters, [row[0] for row in rows])
    strength = {entity.id: sum(weights.get(alias, 0) for alias in _ids(entity)) for entity in entities}
    others = [entity for entity in entities if strength[entity.id] and entity.id != centre.id]
    return sorted(others, key=lambda entity: (-strength[entity.id], entity.order))


def _relations(claims: Sequence[Sequence[Any]], entity_of: Mapping[int, int]) -> tuple[Relation, ...]:
    chunks: dict[tuple[int, str, int], set[int]] = {}
    for subject, predicate, object_, ids in claims:
        if entity_of[subject] != entity_of[object_]:
            chunks.setdefault((entity_of[subject], predicate, entity_of[object_]), set()).update(ids)
    return tuple(
        Relation(
            id=stable_id("relation", *key),
            subject=key[0],
            predicate=key[1],
            object=key[2],
            chunk_ids=tuple(sorted(ids)),
        )
        for key, ids in sorted(chunks.items())
    )


def _ids(entity: ViewEntity) -> list[int]:
    return [sense.alias.id for sense in entity.senses]


def _document(row: Sequence[Any]) -> DocumentView:
    identity, key, collection, title, uri, media_type, language, text, metadata, outcome, reason = row
    return DocumentView(
        id=identity,
        key=key,
        collection=collection,
        title=title,
        uri=uri,
        media_type=media_type,
        language=language,
        text=text,
        metadata=metadata,
        outcome=outcome,
        reason=reason,
    )


def _entity_cursor(cursor: str) -> tuple[str, int]:
    parts = _decode(cursor)
    if len(parts) != 2 or not isinstance(parts[1], int):
        raise InvalidInput("This is not a cursor of a list of entities.")
    return str(parts[0]), parts[1]


def _encode(*key: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode(cursor: str) -> list[Any]:
    try:
        parts: Any = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        raise InvalidInput("This is not a cursor.", hint="use one from an earlier page.") from None
    if not isinstance(parts, list) or not parts:
        raise InvalidInput("This is not a cursor.", hint="use one from an earlier page.")
    return list(parts)
