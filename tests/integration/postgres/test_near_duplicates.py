"""Near duplicates are marked in the record by publishing, and the marks follow every change."""

from __future__ import annotations

import itertools
import random
import time

import numpy as np
import pytest

from kgqa.adapters.postgres.names import Scope
from kgqa.adapters.postgres.near_duplicates import mark_near_duplicates

WORDS = [f"word{i}" for i in range(200)]
#: one text in three versions: no two are equal, each is near the others
NEARLY = tuple(" ".join([*WORDS, ending]) for ending in ("alpha", "beta", "gamma"))


def marks(pools) -> dict[str, str | None]:
    query = (
        "select d.key, o.key from current_document d join document_version v on v.id = d.current_version "
        "left join document o on o.id = v.near_duplicate_of"
    )
    with pools.pipeline.connection() as connection:
        return dict(connection.execute(query).fetchall())


def by_id(pools) -> list[str]:
    with pools.pipeline.connection() as connection:
        return [row[0] for row in connection.execute("select key from document order by id")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_nearly_equal_texts_are_marked_in_whatever_order_they_come(pools, lake, delta, order) -> None:
    for i in order:
        lake.put(delta(f"d{i}", NEARLY[i]), delta(f"other-{i}", f"Something else, number {i}, is said here."))
    first, second, third = (key for key in by_id(pools) if key.startswith("d"))
    others = {f"other-{i}": None for i in range(3)}
    assert marks(pools) == {first: None, second: first, third: first, **others}
    with pools.pipeline.connection() as connection:
        indexed = connection.execute("select count(distinct version_id) from chunk_index where live").fetchone()
    assert indexed == (6,)


def test_marks_pass_to_the_next_when_the_first_goes_or_changes(pools, lake, delta) -> None:
    lake.put(*(delta(f"d{i}", text) for i, text in enumerate(NEARLY)))
    first, second, third = by_id(pools)
    lake.delete(first)
    assert marks(pools) == {second: None, third: second}
    lake.put(delta(second, "It says something else today."))
    assert marks(pools) == {second: None, third: None}


def test_marks_stay_inside_one_access_class(pools, lake, delta) -> None:
    lake.put(delta("a", NEARLY[0]), delta("b", NEARLY[1], principals=("user:ivy",)))
    assert marks(pools) == {"a": None, "b": None}
    lake.put(delta("b", NEARLY[1]))
    first, second = by_id(pools)
    assert marks(pools) == {first: None, second: first}
    lake.put(delta(first, NEARLY[ord(first) - ord("a")], principals=("user:ivy",)))
    assert marks(pools) == {first: None, second: None}


def test_an_exact_duplicate_carries_no_second_mark(pools, lake, delta) -> None:
    lake.put(*(delta(f"d{i}", NEARLY[0]) for i in range(2)))
    lake.put(delta("near", NEARLY[1]))
    with pools.pipeline.connection() as connection:
        rows = connection.execute(
            "select outcome, duplicate_of is not null, near_duplicate_of is not null "
            "from document_version order by 1, 2, 3"
        ).fetchall()
    assert rows == [("duplicate", True, False), ("indexed", False, False), ("indexed", False, True)]


def test_one_document_among_many_reads_only_those_like_it(pools, lake, delta) -> None:
    """Marking one document into 19,000 takes a small part of the time that marking all of them takes."""
    lake.put(delta("d", NEARLY[0]))
    with pools.pipeline.connection() as connection, connection.transaction():
        _fill(connection, 19_000)
        connection.execute("analyze document, document_version")
        generation, collection, document, version, reader = connection.execute(
            "select r.generation, d.collection_id, d.id, v.id, v.acl_class from current_document d "
            "join document_version v on v.id = d.current_version join ingest_run r on r.id = v.run_id where d.key = 'd'"
        ).fetchone()
        connection.execute(
            "create temp table near_again on commit drop as select id as document_id from document; "
            "create temp table version_change (version_id bigint, document_id bigint, acl_class int, change int) "
            "on commit drop"
        )
        scope = Scope(collection_id=collection, collection="lake", generation=generation)
        all_seconds = _seconds(connection, scope)
        connection.execute("truncate near_again")
        connection.execute("insert into version_change values (%s, %s, %s, 1)", (version, document, reader))
        one_seconds = _seconds(connection, scope)
    assert sum(original is not None for original in marks(pools).values()) == 9_500
    assert one_seconds < all_seconds / 5


def _fill(connection, count: int) -> None:
    """Documents with nothing but signatures: each second one is near the one before it."""
    generator = np.random.default_rng(1)
    ids = sorted(random.Random(1).sample(range(2**62), count))
    values = generator.integers(0, 2**32, (count, 64), dtype=np.uint32).astype("<u4")
    values[1::2] = values[::2]
    values[1::2, [3, 17, 40, 62]] += 1
    signatures = [row.tobytes() for row in values]
    connection.execute(
        "insert into document (id, collection_id, key, acl_class) "
        "select i, collection_id, 'key-' || i, acl_class from document, unnest(%s::bigint[]) as i",
        (ids,),
    )
    connection.execute(
        "insert into document_version (document_id, run_id, acl_class, content_hash, options_hash, outcome, uri, "
        "text_hash, minhash) select i, run_id, acl_class, '', '', 'indexed', '', int8send(i), signature "
        "from document_version, unnest(%s::bigint[], %s::bytea[]) as n (i, signature)",
        (ids, signatures),
    )
    connection.execute(
        "insert into publication (generation, document_id, version_id) "
        "select g.id, v.document_id, v.id from document_version v, index_generation g where g.state = 'active' "
        "on conflict do nothing"
    )


def _seconds(connection, scope: Scope) -> float:
    start = time.perf_counter()
    mark_near_duplicates(connection, scope)
    return time.perf_counter() - start
