"""Translation in an ingest by Spark, as the command line sets it up, by an endpoint of this test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pyspark.sql import SparkSession

from kgqa.bootstrap import Services, build_services
from kgqa.settings import TranslationSettings
from spark.jobs import ingest_source
from spark.progress import Progress
from tests.integration.generator.endpoint import Request, serving, shout, text_of
from tests.integration.spark.lake import Servers, ingest_one_by_one, on_database

SPANISH = "La junta de la bomba número {} fue fabricada en la nueva planta de Oslo por los ingenieros de la empresa."
ENGLISH = "The valve of the pump was made in the new plant in Oslo by the engineers of the company.\n"
#: by documents alone, without ids of versions
CONTENT = {
    "translation": "select chunk_id, language, engine, text from chunk_translation order by 1",
    "index": "select chunk_id, live, translation_language, translation_terms from chunk_index order by 1",
    "corpus": "select language, chunks, translations from corpus_statistics order by 1",
    "terms": "select term, language, df from term_statistics order by 1, 2",
}


@pytest.fixture
def asked(servers: Servers) -> Iterator[tuple[Servers, list[Request]]]:
    """Servers whose settings name an endpoint that shouts, and what it was asked."""
    with serving(shout) as (url, requests):
        wanted = TranslationSettings(engine="openai", url=url, model="stub")
        yield replace(servers, settings=servers.settings.model_copy(update={"translation": wanted})), requests


def ingest(session: SparkSession, services: Services, servers: Servers, source: Path) -> dict[str, object]:
    request = ingest_source.IngestRequest(source=str(source), collection="lake")
    return ingest_source.run(session, services, servers.endpoints, servers.settings, request, Progress("none"))


def collection(servers: Servers, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`kgqa collection ...` as a person starts it."""
    translation = servers.settings.translation
    environment = {
        **servers.environment(),
        "KGQA_TRANSLATION__ENGINE": translation.engine,
        "KGQA_TRANSLATION__URL": translation.url,
    }
    command = [str(Path(sys.executable).with_name("kgqa")), "collection", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def rows(servers: Servers) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(servers.database.superuser_url) as connection:
        return {name: connection.execute(query.encode()).fetchall() for name, query in CONTENT.items()}


def test_a_collection_that_is_translated_is_read_again_once_and_then_only_what_changed(
    session: SparkSession, asked: tuple[Servers, list[Request]], make_database, tmp_path: Path
) -> None:
    servers, requests = asked
    lake = tmp_path / "lake"
    lake.mkdir()
    for number in range(4):
        (lake / f"{number}.txt").write_text(SPANISH.format(number))
    (lake / "english.txt").write_text(ENGLISH)
    with build_services(servers.settings, servers.endpoints) as services:
        assert ingest(session, services, servers, lake)["indexed"] == 5
        assert requests == []
        done = collection(servers, "set-translation", "lake", "en")
        assert done.returncode == 0, done.stderr
        assert "5 documents are as they were read before" in done.stderr
        assert '"translateTo": "en"' in collection(servers, "show", "lake", "--json").stdout
        assert ingest(session, services, servers, lake)["indexed"] == 5
        assert sorted(map(text_of, requests)) == [SPANISH.format(number) for number in range(4)]
        assert ingest(session, services, servers, lake)["unchanged"] == 5
        (lake / "2.txt").write_text(SPANISH.format("dos"))
        assert ingest(session, services, servers, lake)["indexed"] == 1
        assert [text_of(request) for request in requests[4:]] == [SPANISH.format("dos")]
        assert collection(servers, "set-translation", "lake", "english").returncode == 64

    found = rows(servers)
    assert [text for _, _, _, text in found["translation"]].count(SPANISH.format("dos").upper()) == 1
    other = make_database()
    elsewhere = replace(servers, endpoints=on_database(servers.endpoints, other), database=other)
    with build_services(elsewhere.settings, elsewhere.endpoints) as services:
        services.store.set_translate_to("lake", "en")
    ingest_one_by_one(elsewhere, lake, {})
    assert rows(elsewhere) == found


def test_a_translation_that_nobody_is_there_for_is_said_when_it_is_wanted(servers: Servers) -> None:
    refused = collection(servers, "set-translation", "lake", "en")
    assert refused.returncode == 78
    assert "KGQA_TRANSLATION__ENGINE" in refused.stderr
    assert collection(servers, "set-translation", "lake", "off").returncode == 0
