"""The bytes of documents: kept once in a collection, and gone with the last version that has them."""

from __future__ import annotations

import threading
from dataclasses import replace

import psycopg
import pytest

from kgqa.adapters.postgres.check import check_record
from kgqa.adapters.postgres.generations import drop_generation
from kgqa.adapters.postgres.retention import drop_old
from kgqa.model.delta import IngestDelta
from tests.integration.postgres.test_generations import build, catch_up
from tests.integration.postgres.test_retention import ALL


def kept(pools) -> list[tuple[bytes, int]]:
    """(bytes, number of versions that have them)."""
    with pools.pipeline.connection() as connection:
        return connection.execute(
            "select c.data, count(v.id) from raw_content c left join document_version v on v.raw_content_id = c.id"
            " group by c.id order by 1"
        ).fetchall()


@pytest.fixture
def with_bytes(delta):
    def make(key: str, data: bytes, *, text: str = "", **options):
        return replace(delta(key, text or data.decode(), **options), raw=data)

    return make


def test_copies_versions_and_readers_share_their_bytes(pools, lake, with_bytes) -> None:
    lake.put(with_bytes("a", b"Acme makes Pump."), with_bytes("b", b"Acme makes Pump."), with_bytes("c", b"Other."))
    assert kept(pools) == [(b"Acme makes Pump.", 2), (b"Other.", 1)]
    lake.put(
        with_bytes("c", b"Acme makes Pump.", principals=("group:x",)), with_bytes("d", b"", text="A masked document.")
    )
    assert kept(pools) == [(b"Acme makes Pump.", 3)]
    lake.delete("a", "b")
    assert kept(pools) == [(b"Acme makes Pump.", 1)]
    lake.delete("c", "d")
    assert kept(pools) == []


def test_generations_share_their_bytes(pools, database, store, lake, with_bytes) -> None:
    document = with_bytes("a", b"Acme makes Pump.")
    lake.put(document)
    generation = build(database)
    assert catch_up(store, generation, {"a": document}) == ["a"]
    assert kept(pools) == [(b"Acme makes Pump.", 2)]
    drop_generation(database.owner_url, generation)
    assert kept(pools) == [(b"Acme makes Pump.", 1)]


def test_collections_do_not_share_bytes(pools, store, lake, with_bytes) -> None:
    lake.put(with_bytes("a", b"Acme makes Pump."))
    other = with_bytes("a", b"Acme makes Pump.", collection="other")
    store.apply_delta(IngestDelta(collection="other", upserts=(other,)))
    assert kept(pools) == [(b"Acme makes Pump.", 1), (b"Acme makes Pump.", 1)]
    store.apply_delta(IngestDelta(collection="other", deletions=("a",)))
    assert kept(pools) == [(b"Acme makes Pump.", 1)]


def test_bytes_that_are_about_to_be_used_stay_and_go_when_nobody_used_them(
    pools, database, store, lake, with_bytes
) -> None:
    lake.put(with_bytes("a", b"Acme makes Pump."))
    for ends in ("commit", "rollback"):
        with psycopg.connect(database.owner_url) as stager:
            # what staging a copy does until it ends
            stager.execute(
                "insert into raw_content (collection_id, hash, data) select collection_id, hash, data from raw_content"
                " on conflict (collection_id, hash) do update set hash = excluded.hash"
            )
            deleting = threading.Thread(target=lake.delete, args=("a",))
            deleting.start()
            deleting.join(30)
            assert not deleting.is_alive(), "a deletion does not wait for somebody who stages"
            getattr(stager, ends)()
        assert kept(pools) == [(b"Acme makes Pump.", 0)]
        with pools.pipeline.connection() as connection:
            generation = connection.execute("select id from index_generation where state = 'active'").fetchone()[0]
        findings = dict(check_record(pools.pipeline, generation))["raw_content"]
        assert [finding.what for finding in findings] == ["bytes that no document has"]
        assert drop_old(database.owner_url, ALL)["raw_contents"] == 1
        assert kept(pools) == []
        lake.put(with_bytes("a", b"Acme makes Pump."))
