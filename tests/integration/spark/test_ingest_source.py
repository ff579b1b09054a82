"""The ingest of a source, on real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psutil
import psycopg
import pytest
from pyspark.sql import SparkSession

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.bootstrap import Services, build_services
from kgqa.errors import InvalidInput
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.document import RawDocument, Source
from spark import schemas
from spark.jobs import ingest_source, list_sources, resolve_entities
from spark.jobs.list_sources import AccessList, raw_document
from spark.progress import Progress
from tests.integration.spark.lake import DICTIONARY, Servers, ingest_one_by_one, on_database, write_lake


@pytest.fixture
def services(servers: Servers) -> Iterator[Services]:
    with build_services(servers.settings, servers.endpoints) as services:
        yield services


def ingest(session, services: Services, servers: Servers, source: Path, **more):
    progress = Progress("none")
    request = ingest_source.IngestRequest(source=str(source), collection="lake", dictionary=DICTIONARY, **more)
    report = ingest_source.run(session, services, servers.endpoints, servers.settings, request, progress)
    return report, [stage.name for stage in progress.stages]


def test_a_document_without_a_title_stands_under_what_its_first_sentence_is_about(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 3)
    ingest(session, services, servers, lake)
    before = servers.content()
    (lake / "minutes.txt").write_text("Tomas Wieczorek joined the board of Northline Castings GmbH in May.\n")
    report, _ = ingest(session, services, servers, lake)
    assert (report["indexed"], report["unchanged"]) == (1, 4)
    after = servers.content()
    for table in ("document", "chunk", "name_support", "mention"):
        assert [row for row in before[table] if row not in after[table]] == [], table
    with psycopg.connect(servers.database.superuser_url) as connection:
        titles = connection.execute(
            "select n.norm from mention m join name n on n.id = m.name_id join document d on d.id = m.document_id "
            "where m.is_title and d.key = 'minutes.txt' order by 1"
        ).fetchall()
        shown = connection.execute("select title from document_version where uri like '%%minutes.txt'").fetchall()
    assert titles == [("minutes",), ("tomas wieczorek",)]
    assert shown == [("minutes",)]


def test_a_folder_becomes_what_the_one_document_path_makes_of_it(
    session: SparkSession, services: Services, servers: Servers, make_database, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 9)
    report, stages = ingest(session, services, servers, lake)
    assert stages == ["list", "compare", "read", "publish", "resolve", "project"]
    assert (report["documents"], report["indexed"], report["failed"]) == (10, 9, 1)
    (key, reason), *others = report["reasons"]
    assert (key, others) == ("broken.pdf", [])
    assert "Traceback" not in reason
    assert services.graph.project() == 0
    access = (lake / "_access.json").as_uri()
    assert services.store.sources("lake") == [Source(uri=lake.as_uri(), access_uri=access)]

    other = make_database()
    elsewhere = Servers(endpoints=on_database(servers.endpoints, other), settings=servers.settings, database=other)
    ingest_one_by_one(elsewhere, lake)
    mine, theirs = servers.content(), elsewhere.content()
    assert len(mine["mention"]) > 20
    for table in theirs:
        assert mine[table] == theirs[table], table


def test_a_second_run_reads_only_what_changed(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 5)
    (lake / "broken.pdf").unlink()
    ingest(session, services, servers, lake)
    before = servers.content()
    report, stages = ingest(session, services, servers, lake)
    assert stages == ["list", "compare", "publish", "project"]
    assert (report["indexed"], report["unchanged"]) == (0, 5)
    assert servers.content() == before

    (lake / "001.md").write_text("# Notice 1\n\nBrightwater Pumps makes it now.\n", encoding="utf-8")
    (lake / "002.md").unlink()
    report, stages = ingest(session, services, servers, lake)
    assert "read" in stages
    assert (report["indexed"], report["unchanged"], report["deleted"]) == (1, 3, 1)
    report, stages = ingest(session, services, servers, lake, force=True)
    assert "compare" not in stages
    assert report["indexed"] == 4


def test_entities_that_wait_from_a_cut_run_are_resolved_by_the_next(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 4)
    parts = services.ingest_parts("lake")
    rows, _ = list_sources.run(session, FolderLake(path=lake), AccessList())
    raws = [raw_document("lake", row.asDict()) for row in rows.collect()]
    run = services.store.start_run("lake", {})
    services.store.stage(run, ingest_documents(raws, parts))
    services.store.publish(run, resolve=False)
    assert services.store.count_waiting("lake")[0] > 0
    _, stages = ingest(session, services, servers, lake)
    assert "resolve" in stages
    assert services.store.count_waiting("lake")[0] == 0
    assert all(entity is not None for *_, entity in servers.content()["alias"])


def test_a_corpus_lists_its_lines_with_their_readers(session: SparkSession, tmp_path: Path) -> None:
    lines = [{"_id": f"d{i}", "title": f"T{i}", "text": f"Text {i}."} for i in range(70)]
    lines[3]["principals"] = lines[5]["principals"] = ["user:b", "group:a", "user:b"]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    access = AccessList(default=("public",), documents={"d3": ("group:x",), "gone": ("group:y",)})
    frame, total = list_sources.run(session, FolderLake(path=tmp_path), access)
    assert frame.schema.simpleString() == schemas.SOURCE.simpleString()
    rows = {row["key"]: row for row in frame.collect()}
    assert total == len(rows) == 70
    assert rows["d3"]["principals"] == ["group:x"]
    assert rows["d4"]["principals"] == ["public"]
    assert rows["d5"]["principals"] == ["group:a", "user:b"]
    assert raw_document("lake", rows["d4"].asDict()).data == b"Text 4."


@pytest.mark.parametrize("wrong", ['{"title": "no id"}', '{"_id": "d0"}', "no json"])
def test_a_corpus_with_missing_or_repeated_ids_is_refused(session: SparkSession, tmp_path: Path, wrong: str) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"_id": "d0", "text": "x"}\n' + wrong + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"1 lines without|1 repeated"):
        list_sources.run(session, FolderLake(path=corpus), AccessList())


@pytest.mark.parametrize("readers", ["[]", '"public"', '{"a": 1}', '["a", ""]', '["a", null]', "7"])
def test_a_corpus_whose_readers_are_no_list_of_names_is_refused(
    session: SparkSession, tmp_path: Path, readers: str
) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(f'{{"_id": "d0", "text": "x", "principals": {readers}}}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="1 lines whose `principals` are no list"):
        list_sources.run(session, FolderLake(path=corpus), AccessList())


def test_a_small_change_is_resolved_without_spark_to_the_partition_of_the_whole(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    write_lake(lake, 9)
    ingest(session, services, servers, lake)
    new = RawDocument(
        collection="lake", key="new.md", uri="file:///new.md", data=b"# Zubrin Pumps Ltd\n\nIt is also Zubrin Pumps.\n"
    )
    run = services.store.start_run("lake", {})
    services.store.stage(run, ingest_documents([new], services.ingest_parts("lake")))
    services.store.publish(run, resolve=False)
    waiting, total = services.store.count_waiting("lake")
    assert 0 < waiting < resolve_entities.WHOLE_SHARE * total
    no_session = cast("SparkSession", None)
    resolve_entities.refresh(no_session, services.store, "lake", Progress("none"))
    assert services.store.count_waiting("lake") == (0, total)
    stated = [link for link in services.store.links("lake") if link.reason in resolve_entities.ASSERTED]
    whole = resolve_entities.run(session, services.store.aliases("lake"), stated)
    with psycopg.connect(servers.database.superuser_url) as connection:
        entity_of = connection.execute("select id, entity_id from alias where entity_id is not null").fetchall()
    found: dict[int, set[int]] = {}
    for alias, entity in entity_of:
        found.setdefault(entity, set()).add(alias)
    assert set(map(frozenset, found.values())) == set(whole.clusters)


def test_python_workers_are_forked_from_a_process_that_has_imported_what_they_need(session: SparkSession) -> None:
    def parent(_: int) -> list[str]:
        return psutil.Process().parent().cmdline()

    (command,) = session.sparkContext.parallelize([0], 1).map(parent).collect()
    assert command[1:3] == ["-m", "spark.daemon"]
