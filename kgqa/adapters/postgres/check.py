"""The full consistency check of the record: everything that is counted or linked is worked out again from its source.

It reads whole tables in one snapshot and changes nothing; the projection is compared by `Neo4jGraphStore.compare`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from kgqa.adapters.postgres.pool import Pool, transaction
from kgqa.adapters.postgres.statements import load

#: statements of check.sql, in the order in which one thing rests on another
CHECKS = (
    "live",
    "indexed",
    "translations",
    "access",
    "duplicates",
    "statistics",
    "names",
    "mentions",
    "entities",
    "relations",
    "masked",
    "raw_content",
    "hidden",
)
FETCHED_ROWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What does not hold."""

    check: str
    what: str
    rows: int
    #: id or key of one row
    example: str


def check_record(pool: Pool, generation: int) -> Iterator[tuple[str, list[Finding]]]:
    """(check, what it found) one after the other, all of one state of the record. `pool` is of role kgqa_pipeline."""
    sql = load("check")
    with transaction(pool) as connection:
        connection.execute(sql["snapshot"])
        for check in CHECKS:
            counts, examples = Counter[str](), dict[str, str]()
            with connection.cursor(name=f"check_{check}") as cursor:
                cursor.itersize = FETCHED_ROWS
                for what, example in cursor.execute(sql[check], {"generation": generation}):
                    counts[what] += 1
                    examples.setdefault(what, example)
            yield check, [Finding(check=check, what=w, rows=n, example=examples[w]) for w, n in sorted(counts.items())]
