"""What is gone from a source goes from the record; where a source or an access list looks lost nothing changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import Conflict, InvalidInput
from kgqa.model.delta import DeltaReport, IngestDelta
from kgqa.model.document import Source
from spark.access import settle
from spark.jobs import detect_deletions, list_sources
from spark.jobs.list_sources import AccessList
from tests.integration.postgres.conftest import COLLECTION, make_delta


@pytest.fixture
def store(endpoints, pools) -> PostgresDocumentStore:
    return PostgresDocumentStore(pools.pipeline)


def read(session: SparkSession, store: PostgresDocumentStore, source: Path, **missing) -> DeltaReport:
    """The stages of an ingest that decide what goes, with documents that cost nothing."""
    store.remember_source(COLLECTION, Source(uri=source.as_uri()))
    run = store.start_run(COLLECTION, {}, source=source.as_uri())
    frame, _ = list_sources.run(session, FolderLake(path=source), AccessList())
    detect_deletions.run(frame, store, COLLECTION, run, share=0.5, **{"missing": "check", **missing})
    known = store.keys(COLLECTION)
    new = [row["key"] for row in frame.collect() if row["key"] not in known]
    store.stage(run, [make_delta(key, f"The {source.name} says {key}.") for key in new])
    return store.publish(run)


def write(folder: Path, *keys: str) -> Path:
    folder.mkdir(exist_ok=True)
    for key in keys:
        (folder / key).write_text(key, encoding="utf-8")
    return folder


def test_only_what_came_from_the_source_goes_when_it_is_gone_from_there(
    session: SparkSession, store: PostgresDocumentStore, tmp_path: Path
) -> None:
    first, second = write(tmp_path / "first", "a.md", "b.md"), write(tmp_path / "second", "c.md", "d.md", "e.md")
    corpus = write(tmp_path / "beir") / "corpus.jsonl"
    lines = [json.dumps({"_id": f"q{i}", "title": f"T{i}", "text": f"Text {i}."}) for i in range(3)]
    corpus.write_text("\n".join(lines), encoding="utf-8")
    store.apply_delta(IngestDelta(collection=COLLECTION, upserts=(make_delta("upload/user:omar/a.md", "An upload."),)))
    for source in (first, second, corpus.parent):
        read(session, store, source)
    (second / "c.md").unlink()
    assert read(session, store, second, missing="keep").deleted == 0
    corpus.write_text("\n".join(lines[:2]), encoding="utf-8")
    assert read(session, store, second).deleted == 1
    assert read(session, store, corpus.parent).deleted == 1
    assert store.keys(COLLECTION) == ["a.md", "b.md", "d.md", "e.md", "q0", "q1", "upload/user:omar/a.md"]


def test_a_source_that_lost_most_of_itself_is_not_believed(
    session: SparkSession, store: PostgresDocumentStore, tmp_path: Path
) -> None:
    lake = write(tmp_path / "lake", *(f"{i:02}.md" for i in range(30)))
    assert read(session, store, lake).indexed == 30
    moved = tmp_path / "moved"
    shutil.copytree(lake, moved)
    for i in range(21):
        (lake / f"{i:02}.md").unlink()
    with pytest.raises(Conflict, match="21 of the 30") as refused:
        read(session, store, lake)
    assert "--allow-deletions" in str(refused.value.hint)
    assert len(store.keys(COLLECTION)) == 30
    assert read(session, store, moved).deleted == 0
    assert read(session, store, lake).deleted == 0, "a document is of the source that listed it last"
    shutil.rmtree(lake)
    lake.mkdir()
    with pytest.raises(Conflict, match="lists 0 documents; 9 of the 9"):
        read(session, store, lake)
    assert read(session, store, lake, missing="delete").deleted == 9
    assert len(store.keys(COLLECTION)) == 21


def test_an_access_list_that_is_gone_makes_nothing_public(store: PostgresDocumentStore, tmp_path: Path) -> None:
    lake, named = write(tmp_path / "lake", "a.md"), tmp_path / "readers.json"

    def find(given: Path | None = None, *, make_public: bool = False):
        source, access = settle(
            store, "lake", FolderLake(path=lake), given=given and str(given), make_public=make_public
        )
        store.remember_source("lake", source)
        return source.access_uri, access.default

    assert find() == (None, ("public",))
    own = lake / "_access.json"
    own.write_text('{"default": ["group:a"]}', encoding="utf-8")
    assert find() == (own.as_uri(), ("group:a",))
    named.write_text('{"default": ["group:b"]}', encoding="utf-8")
    assert find(named) == (named.as_uri(), ("group:b",))
    assert find() == (named.as_uri(), ("group:b",)), "a source keeps the list that was named"
    named.unlink()
    with pytest.raises(InvalidInput, match=r"readers\.json.*everybody") as gone:
        find()
    assert "--make-public" in str(gone.value.hint)
    assert find(own) == (own.as_uri(), ("group:a",))
    with pytest.raises(InvalidInput, match="--make-public"):
        find(make_public=True)
    own.unlink()
    with pytest.raises(InvalidInput, match=r"_access\.json"):
        find()
    assert find(make_public=True) == (None, ("public",))


def test_a_source_of_restricted_documents_needs_a_list_even_if_none_is_remembered(
    store: PostgresDocumentStore, tmp_path: Path
) -> None:
    lake = write(tmp_path / "lake", "a.md")
    store.remember_source(COLLECTION, Source(uri=lake.as_uri()))
    run = store.start_run(COLLECTION, {}, source=lake.as_uri())
    store.stage(run, [make_delta("a.md", "For some.", principals=("group:a",))])
    store.publish(run)
    with pytest.raises(InvalidInput, match="access list"):
        settle(store, COLLECTION, FolderLake(path=lake), given=None, make_public=False)
