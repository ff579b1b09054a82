"""What a projection holds, as rows: the same eight kinds read from the record, written to the graph, and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["documents", "chunks", "names", "entities", "claims", "mentions", "references", "relations"]

#: in the order in which they can be written: what a row points at comes before it
KINDS: tuple[Kind, ...] = (
    "documents",
    "chunks",
    "names",
    "entities",
    "claims",
    "mentions",
    "references",
    "relations",
)

Row = tuple[Any, ...]
Content = Mapping[Kind, frozenset[Row]]

#: where rows name a name or an entity, by column
_NAME_COLUMNS: Mapping[Kind, tuple[int, ...]] = {"mentions": (1,), "claims": (3, 4), "references": (0,)}
_ENTITY_COLUMNS: Mapping[Kind, tuple[int, ...]] = {"references": (1,), "relations": (1, 3)}


def named(rows: Mapping[Kind, Iterable[Sequence[Any]]]) -> set[int]:
    """Ids of the names that these rows connect."""
    return {row[column] for kind, columns in _NAME_COLUMNS.items() for row in rows.get(kind, ()) for column in columns}


def referred(rows: Mapping[Kind, Iterable[Sequence[Any]]]) -> set[int]:
    """Ids of the entities that these rows connect."""
    return {
        row[column] for kind, columns in _ENTITY_COLUMNS.items() for row in rows.get(kind, ()) for column in columns
    }


def canonical(rows: Mapping[Kind, Iterable[Sequence[Any]]]) -> Content:
    """Rows as sets, without the names and entities that nothing is connected with: those have no place in the graph."""
    sets: dict[Kind, frozenset[Row]] = {kind: frozenset(map(_hashable, rows.get(kind, ()))) for kind in KINDS}
    names, entities = named(sets), referred(sets)
    sets["names"] = frozenset(row for row in sets["names"] if row[0] in names)
    sets["entities"] = frozenset(row for row in sets["entities"] if row[0] in entities)
    return sets


def _hashable(row: Iterable[Any]) -> Row:
    return tuple(tuple(sorted(value)) if isinstance(value, list) else value for value in row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a graph differs from the record."""

    #: rows of the record that the graph lacks
    missing: Content
    #: rows of the graph that do not follow from the record
    unexpected: Content

    def __bool__(self) -> bool:
        return any(self.missing.values()) or any(self.unexpected.values())

    def summary(self) -> str:
        """One line for an operator: `documents 1 missing, mentions 3 unexpected`, or `none`."""
        counts = [(kind, len(self.missing[kind]), len(self.unexpected[kind])) for kind in KINDS]
        parts = [f"{kind} {number} missing" for kind, number, _ in counts if number]
        parts += [f"{kind} {number} unexpected" for kind, _, number in counts if number]
        return ", ".join(parts) or "none"


def difference(record: Content, graph: Content) -> Difference:
    """What to add to and to remove from the graph to make it equal the record."""
    return Difference(
        missing={kind: record[kind] - graph[kind] for kind in KINDS},
        unexpected={kind: graph[kind] - record[kind] for kind in KINDS},
    )
