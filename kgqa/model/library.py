"""Collections, documents and entities as a reader may see them, and pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from kgqa.model.entity import Entity, Relation

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A set of documents with one gazetteer, one graph and one index."""

    id: int
    name: str
    #: the domain dictionary (names and patterns); part of the stage hash
    dictionary: Mapping[str, object]
    documents: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document as a reader may see it."""

    id: int
    key: str
    collection: str
    title: str
    uri: str
    media_type: str
    language: str
    text: str
    metadata: Mapping[str, str]
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page of a keyset listing."""

    items: tuple[T, ...]
    #: cursor after each item
    cursors: tuple[str, ...]
    has_next: bool
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """Entities and relations around an entity, capped."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    truncated: bool
