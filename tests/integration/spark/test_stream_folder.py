"""A watched folder, on real servers: what is new, changed or gone, and files that are still being written."""

from __future__ import annotations

import json
import os
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.bootstrap import Services, build_services
from kgqa.errors import DependencyUnavailable, NotFound
from kgqa.model.document import RawDocument
from spark.jobs import list_sources
from spark.jobs.apply_changes import Applier, Work
from spark.jobs.list_sources import AccessList, raw_document
from spark.jobs.stream_folder import Folder, Watch
from spark.streaming import run_folder
from tests.integration.spark.lake import Servers, ingest_one_by_one, on_database, write_lake


@pytest.fixture
def services(servers: Servers) -> Iterator[Services]:
    with build_services(servers.settings, servers.endpoints) as services:
        services.store.set_dictionary("lake", {})
        yield services


def stream_once(session: SparkSession, services: Services, servers: Servers, folder: Path) -> list[Mapping[str, Any]]:
    """The lines of `stream-folder --once`."""
    lines: list[Mapping[str, Any]] = []
    settings = servers.settings.model_copy(
        update={"stream": servers.settings.stream.model_copy(update={"interval_seconds": 0.05})}
    )
    options = Namespace(source=str(folder), collection="lake", access=None, once=True)
    report = run_folder(session, services, servers.endpoints, settings, options, lines.append)
    assert report["waiting"] == 0
    return [line["batch"] for line in lines]


def test_a_folder_is_followed_through_edits_moves_deletions_and_readers(
    session: SparkSession, services: Services, servers: Servers, make_database, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 4)
    (first,) = stream_once(session, services, servers, lake)
    assert first["outcomes"] == {"upsert": 5, "failed": 1}
    assert stream_once(session, services, servers, lake) == []

    (lake / "001.md").write_text("# Notice 1\n\nBrightwater Pumps makes it now.\n", encoding="utf-8")
    (lake / "sub").mkdir()
    (lake / "002.md").rename(lake / "sub" / "moved.md")
    (lake / "broken.pdf").unlink()
    os.utime(lake / "003.md")
    (lake / "_access.json").write_text(json.dumps({"documents": {"000.md": ["group:other"]}}), encoding="utf-8")
    readers, rest = stream_once(session, services, servers, lake)
    assert readers["outcomes"] == {"upsert": 1}  # other readers do not wait for a second listing
    assert rest["outcomes"] == {"upsert": 2, "unchanged": 1, "delete": 2}
    assert {"begin", "read", "publish", "project", "resolve"} <= rest["seconds"].keys()

    other = make_database()
    elsewhere = Servers(endpoints=on_database(servers.endpoints, other), settings=servers.settings, database=other)
    ingest_one_by_one(elsewhere, lake, dictionary={})
    mine, fresh = servers.content(), elsewhere.content()
    for table in fresh:
        assert entity_free(table, mine[table]) == entity_free(table, fresh[table]), table
    assert services.events.totals()["folder:lake", "upsert"][0] == 8


def test_what_was_published_and_no_more_is_settled_when_the_stream_starts_again(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_applier: Applier, collection: str) -> None:
        if services.store.count_waiting(collection)[0]:
            raise DependencyUnavailable("The driver is gone.")

    lake = tmp_path / "lake"
    write_lake(lake, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Applier, "settle", gone)
        with pytest.raises(DependencyUnavailable, match="gone"):
            stream_once(session, services, servers, lake)
    assert services.store.count_waiting("lake")[0]
    assert stream_once(session, services, servers, lake) == []
    assert services.store.count_waiting("lake")[0] == 0
    assert services.graph.project() == 0


def entity_free(table: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Ids of entities are inherited, so a fresh ingest may choose others."""
    return [row[:-2] for row in rows] if table == "alias" else [] if table == "relation" else rows


def test_only_what_was_read_from_the_folder_leaves_with_it(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake, second = tmp_path / "lake", tmp_path / "second"
    write_lake(lake, 2)
    second.mkdir()
    (second / "kept.md").write_text("# Kept\n\nFrom elsewhere.\n")
    ingest_one_by_one(servers, lake, dictionary={})
    stream_once(session, services, servers, second)
    (lake / "001.md").unlink()
    (batch,) = stream_once(session, services, servers, lake)
    assert batch["outcomes"] == {"unchanged": 2, "delete": 1}
    assert list(services.store.keys("lake")) == ["000.md", "broken.pdf", "kept.md"]


def test_a_file_waits_until_it_is_written_and_a_folder_that_is_not_there_deletes_nothing(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    for i in range(11):
        (lake / f"{i}.md").write_text(f"# Note {i}\n\nWritten once.\n")
    stream_once(session, services, servers, lake)
    folder = Folder(path=lake, collection="lake")
    watch = Watch(Applier(session, services, servers.endpoints, servers.settings, folder.query), folder)
    growing = lake / "growing.md"
    for size in (1, 2):
        growing.write_text("# Half\n\n" + "More. " * size)
        found = watch.look()
        assert (found.changed, found.waiting) == ([], 1)
    assert [file.key for file in watch.look().changed] == ["growing.md"]

    lake.rename(tmp_path / "away")
    with pytest.raises(NotFound, match="nothing is deleted"):
        watch.look()
    lake.mkdir()
    with pytest.raises(NotFound, match="is empty and had 11 files"):
        watch.look()
    shutil.copy(tmp_path / "away" / "3.md", lake / "3.md")
    assert watch.look().gone == []
    assert len(watch.look().gone) == 10


def test_a_document_that_ends_the_process_which_reads_it_fails_alone(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 2)

    def read(collection: str, row: Mapping[str, Any]) -> RawDocument:
        if row["key"] == "001.md":
            os._exit(7)
        return raw_document(collection, row)

    files = [file for file in FolderLake(path=lake).files() if file.key != "broken.pdf"]
    readers = {file.key: ("public",) for file in files}
    applier = Applier(session, services, servers.endpoints, servers.settings, "test")
    sources, _ = list_sources.from_files(session, files, AccessList())
    run = applier.open_run("lake")
    applier.stage(run, Work(collection="lake", sources=sources, upserts=readers, to_raw=read))
    assert services.events.failed(run) == {"001.md": "Reading it ended the process that read it."}
    assert services.store.publish(run).indexed == 1
