"""Batches of a stream in the record: applied once, with the registers they move; readers that change alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kgqa.adapters.postgres.event_log import Batch, DeadLetter, PostgresEventLog, WatchedFile
from kgqa.errors import Conflict
from kgqa.ingest.events import Registers
from kgqa.model.document import Source

TABLES = {
    "chunk_index": "select chunk_id, acl_class, live, terms from chunk_index order by 1",
    "sentence": "select chunk_id, start_offset, acl_class, live from sentence order by 1, 2",
    "name_sense": "select name_id, acl_class, type, documents from name_sense order by 1, 2, 3",
    "mention": "select chunk_id, start_offset, name_id, alias_id, acl_class from mention order by 1, 2, 3",
    "claim": "select id, acl_class, subject_alias, live from claim order by 1",
    "corpus": "select language, chunks from corpus_statistics order by 1",
    "placement": "select chunk_id, ordinal, start_offset from chunk_placement order by 1, 2",
}
TEXT = "Marlow Pumps (MP) makes Seal Kit.\n\nSeal Kit replaces Gland Pack."


@pytest.fixture
def log(pools) -> PostgresEventLog:
    return PostgresEventLog(pools.pipeline)


def batch(store, number: int = 1, **more) -> Batch:
    collection = store.collection("lake").id
    return Batch(query="q", number=number, collection_id=collection, stream="kafka:t", outcomes={"upsert": 2}, **more)


def content(pools) -> dict[str, list[tuple[object, ...]]]:
    with pools.pipeline.connection() as connection:
        classes = dict(connection.execute("select id, array_to_string(principals, ',') from acl_class").fetchall())
        rows = {name: connection.execute(query).fetchall() for name, query in TABLES.items()}
    place = {"chunk_index": 1, "sentence": 2, "name_sense": 1, "mention": 4, "claim": 1}
    return {
        name: sorted(
            (tuple(classes[v] if i == place.get(name) else v for i, v in enumerate(row)) for row in found), key=repr
        )
        for name, found in rows.items()
    }


def test_other_readers_leave_what_staging_for_them_would_have(lake, other_lake, log, store, pools, delta) -> None:
    twin = "The same words.\n\nTwice in here."
    for key, text in (("a.md", TEXT), ("b.md", twin), ("c.md", twin), ("d.md", "Seal Kit is here.")):
        lake.put(delta(key, text))
    run = store.start_run("lake", {"stream": "q"})
    for _ in range(2):  # an interrupted try leaves nothing behind
        log.begin(run, upserts=(), deletions=(), access={"a.md": ("group:x",), "c.md": ("group:x",), "no.md": ("x",)})
    log.publish(run, batch(store))
    store.resolve("lake")
    for key, text, readers in (
        ("a.md", TEXT, ["group:x"]), ("b.md", twin, ["public"]), ("c.md", twin, ["group:x"]),
        ("d.md", "Seal Kit is here.", ["public"]),
    ):  # fmt: skip
        other_lake.put(delta(key, text, principals=readers))
    mine, fresh = content(pools), content(other_lake.pools)
    assert len(mine["mention"]) > 4
    for table in fresh:
        assert mine[table] == fresh[table], table


def test_a_batch_is_recorded_with_its_registers_and_totals(log, store) -> None:
    one = batch(store, registers={"a": Registers(content_version=3, access_version=3, principals=("public",))})
    assert not log.is_applied("q", 1, one.collection_id)
    log.publish(None, replace(one, lag_seconds=2.5))
    assert log.is_applied("q", 1, one.collection_id)
    assert log.last_batch("q") == 1
    assert log.totals() == {("kafka:t", "upsert"): (2, 2.5)}
    assert log.registers(one.collection_id, ["a", "b"]) == {
        "a": Registers(content_version=3, access_version=3, principals=("public",))
    }
    older = {"a": Registers(content_version=3, access_version=2, principals=("x",))}
    with pytest.raises(Conflict):
        log.publish(None, batch(store, 2, registers=older))
    assert not log.is_applied("q", 2, one.collection_id)
    assert log.totals()["kafka:t", "upsert"] == (2, 2.5)


def test_a_document_of_another_source_is_there_with_its_readers(lake, log, store, delta) -> None:
    lake.put(delta("a", "Some text.", principals=["group:x"]))
    found = log.registers(store.collection("lake").id, ["a"])
    assert found == {"a": Registers(principals=("group:x",), is_there=True)}


def test_a_dead_letter_is_known_by_its_content(log) -> None:
    letter = DeadLetter(topic="t", partition=0, offset=7, digest=b"1", reason="no JSON")
    log.add_sent([letter])
    log.add_sent([letter])
    assert log.sent([letter]) == {(0, 7)}
    assert log.sent([replace(letter, digest=b"2")]) == frozenset()


def test_watched_files_move_with_the_batch(lake, log, store, delta) -> None:
    store.remember_source("lake", Source(uri="file://"))
    lake.put(delta("read-before.md", "Some text."))
    collection = store.collection("lake").id
    unseen = WatchedFile(key="read-before.md", path=b"", size=-1, modified_ns=-1, principals=())
    file = WatchedFile(key="a.md", path=b"/lake/\xff.md", size=3, modified_ns=5, principals=("public",))
    log.publish(None, batch(store, folder="file://", files=[file]))
    assert log.watched(collection, "file://") == {"a.md": file, "read-before.md": unseen}
    log.publish(None, batch(store, 2, folder="file://", gone=["a.md"]))
    assert "a.md" not in log.watched(collection, "file://")


def test_other_readers_hear_when_a_recording_says_something(lake, log, store, pools, delta) -> None:
    lake.put(delta("talk.wav", TEXT))
    with pools.pipeline.connection() as connection:
        connection.execute("update chunk_placement set from_seconds = 2, to_seconds = 7")
    run = store.start_run("lake", {"stream": "q"})
    log.begin(run, upserts=(), deletions=(), access={"talk.wav": ("group:x",)})
    log.publish(run, batch(store))
    with pools.pipeline.connection() as connection:
        times = connection.execute("select from_seconds, to_seconds from chunk_placement order by ordinal").fetchall()
    assert times == [(2, 7)]
