"""Entities: what names turn out to be. The partition is a pure function of senses and equivalences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One sense of a name; the unit that resolution clusters. Visible where one of its supports is."""

    id: int
    norm: str
    #: most frequent surface among the supports that are read
    surface: str
    type: str
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasLink:
    """Evidence that two aliases are one thing. Holds only for callers who see it."""

    left: int
    right: int
    #: in (0, 1]
    score: float
    #: `spelling`, `acronym`, `legal_form`, `initials`, `stated`, `manual`
    reason: str
    #: access class of the document that states it; None where the link follows from the two names alone
    acl_class: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A resolved thing, as the caller may see it: everything here is computed from visible support."""

    id: int
    #: display name: surface of the best supported alias
    name: str
    type: str
    aliases: tuple[str, ...]
    #: chunks that mention it
    mentions: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A resolved edge with the chunks whose claims support it."""

    id: int
    subject: int
    predicate: str
    object: int
    chunk_ids: tuple[int, ...]
