"""How well names of one thing are found to be one: the resolver's own functions over tables with known matches.

A record is taken by its name alone (`name`, `title`, or given name and surname), because names are what the resolver
sees of documents. Pairs across two tables, or inside one, are right when the matches list them (or, for FEBRL's
tables, when the record ids say so). Blocking recall is the share of the matches that are compared at all.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

from kgqa.errors import InvalidInput
from kgqa.ingest.resolve import blocking_keys, candidate_links, partition
from kgqa.model.entity import Alias
from kgqa.text.names import normalise

Pair = tuple[str, str]
_DELIMITERS = ("|", "%", "\t", ";", ",")
_NAME = re.compile(r"(?:^|[#/_ ])(?:name|title|label)\w*$", re.IGNORECASE)
_FEBRL = re.compile(r"(rec-\d+)-(?:org|dup-\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of a table."""

    id: str
    name: str
    type: str


def read_table(path: Path) -> list[Record]:
    """Rows with their names. Raises InvalidInput."""
    rows = _rows(path)
    if not rows:
        raise InvalidInput(f"{path.name} has no rows.")
    columns = list(rows[0])
    identity = columns[0]
    if {"given_name", "surname"} <= set(columns):
        named, type_ = ["given_name", "surname"], "PERSON"
    else:
        others = columns[1:] or columns
        named, type_ = [next((c for c in others if _NAME.search(c)), others[0])], ""
    return [Record(id=row[identity], name=" ".join(row[c] or "" for c in named), type=type_) for row in rows]


def read_matches(path: Path) -> set[Pair]:
    """Pairs of ids: the first two columns."""
    found: set[Pair] = set()
    for row in _rows(path):
        left, right, *_ = row.values()
        found.add((left, right))
    return found


def matches_of_ids(records: Iterable[Record]) -> set[Pair]:
    """FEBRL's record ids say which are of one person. Raises InvalidInput for other ids."""
    groups: dict[str, list[str]] = defaultdict(list)
    for record in records:
        match = _FEBRL.fullmatch(record.id)
        if match is None:
            raise InvalidInput(
                f"The record id {record.id!r} does not say what it matches.", hint="name the file of matches too."
            )
        groups[match[1]].append(record.id)
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}


def evaluate_resolution(left: Sequence[Record], right: Sequence[Record] | None, matches: set[Pair]) -> dict[str, float]:
    """Pairwise precision, recall and F1 of the entities, and blocking recall. `right` None: pairs inside one table."""
    aliases, of_left = _aliases(left)
    more, of_right = _aliases(right or (), first=len(aliases))
    both = aliases + more
    links = candidate_links(both)
    entity = {alias: number for number, group in enumerate(partition(both, links)) for alias in group}
    keys = {alias.id: blocking_keys(alias) for alias in both}
    of_right = of_left if right is None else of_right

    def pairs(groups: Mapping[int, tuple[list[str], list[str]]]) -> set[Pair]:
        if right is None:
            return {pair for sides in groups.values() for pair in combinations(sorted(sides[0]), 2)}
        return {pair for sides in groups.values() for pair in product(*sides)}

    found = pairs(_grouped(entity, of_left, of_right))
    wanted = {(min(pair), max(pair)) for pair in matches} if right is None else matches
    compared = sum(bool(keys[of_left[a]] & keys[of_right[b]]) for a, b in wanted if a in of_left and b in of_right)
    hits = len(found & wanted)
    precision = hits / len(found) if found else 0.0
    recall = hits / len(wanted) if wanted else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if hits else 0.0,
        "blocking_recall": compared / len(wanted) if wanted else 0.0,
    }


def _aliases(records: Iterable[Record], first: int = 0) -> tuple[list[Alias], dict[str, int]]:
    """An alias for each record that has a name, and its id by the record's."""
    named = [(record, norm) for record in records if (norm := normalise(record.name))]
    aliases = [
        Alias(id=first + place, norm=norm, surface=record.name, type=record.type)
        for place, (record, norm) in enumerate(named)
    ]
    return aliases, {record.id: first + place for place, (record, _) in enumerate(named)}


def _grouped(
    entity: Mapping[int, int], of_left: Mapping[str, int], of_right: Mapping[str, int]
) -> dict[int, tuple[list[str], list[str]]]:
    """Records of each entity, by table."""
    groups: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, of in enumerate((of_left, of_right)):
        for record, alias in of.items():
            groups[entity[alias]][side].append(record)
    return groups


def _rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace").splitlines()
    if not lines:
        raise InvalidInput(f"{path.name} is empty.")
    delimiter = max(_DELIMITERS, key=lambda mark: (lines[0].count(mark), -_DELIMITERS.index(mark)))
    rows = list(csv.DictReader(lines, delimiter=delimiter, skipinitialspace=True))
    if not rows or len(rows[0]) < 2 or None in rows[0]:
        raise InvalidInput(f"{path.name} is no table with a header.", hint="the first column is the id.")
    return rows
