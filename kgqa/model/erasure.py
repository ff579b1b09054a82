"""What looking for a token in every store found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One store that was looked through, or was not."""

    store: str
    #: how much was looked at: {"tables": 61, "rows": 20113}
    searched: Mapping[str, int] = field(default_factory=dict[str, int])
    #: where the token is, and how often
    found: Mapping[str, int] = field(default_factory=dict[str, int])
    #: why it was not looked through; empty: it was
    skipped: str = ""
    #: what the search cannot see
    limits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectDocument:
    """A document that says something about the subject of an erasure."""

    collection: str
    key: str
    title: str
    #: where the subject is: `text`, `title`, `key`, `metadata`, `uri`, `raw`, `translation`
    places: tuple[str, ...]
    #: the source that brings the document back when it is read again
    source: str | None
