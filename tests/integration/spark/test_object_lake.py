"""A prefix of a bucket as a source, on a real server of the S3 protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from pyspark.sql import SparkSession

from kgqa.bootstrap import Services, build_lake, build_services
from kgqa.errors import ConfigurationError, Conflict, DependencyUnavailable, NotFound
from kgqa.model.document import Source
from kgqa.settings import LakeSettings, Settings
from spark.jobs import ingest_source
from spark.progress import Progress
from tests.integration.spark.lake import DICTIONARY, Servers, write_lake
from tests.integration.spark.s3 import BUCKET, KEY, SECRET, Bucket, bucket

LAKE = f"s3://{BUCKET}/manuals"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Bucket]:
    """A bucket with the files of a small lake below one prefix, and others beside it."""
    write_lake(tmp_path / "lake", 5)
    with bucket() as made:
        for path in sorted((tmp_path / "lake").iterdir()):
            made.files.pipe_file(f"{BUCKET}/manuals/{path.name}", path.read_bytes())
        made.put("manuals/a folder/ünder.md", "# Under\n\nA key need not be ASCII.\n")
        made.put("manuals/_drafts/x.md", "# Not yet\n")
        made.put("manuals-of-others/y.md", "# Elsewhere\n")
        made.forget()
        yield made


@pytest.fixture
def here(servers: Servers, store: Bucket) -> Servers:
    return replace(servers, settings=with_options(servers.settings, store.setting()))


@pytest.fixture
def services(here: Servers) -> Iterator[Services]:
    with build_services(here.settings, here.endpoints) as services:
        yield services


def with_options(settings: Settings, options: str) -> Settings:
    return settings.model_copy(update={"lakes": LakeSettings(options=SecretStr(options))})


def ingest(session: SparkSession, services: Services, servers: Servers, source: str = LAKE, **more):
    request = ingest_source.IngestRequest(source=source, collection="lake", dictionary=DICTIONARY, **more)
    return ingest_source.run(session, services, servers.endpoints, servers.settings, request, Progress("none"))


def documents(servers: Servers) -> dict[str, tuple[object, ...]]:
    return {str(row[0]): row[1:] for row in servers.content()["document"]}


def test_a_prefix_is_kept_as_it_is_and_only_what_changed_is_fetched(
    session: SparkSession, services: Services, here: Servers, store: Bucket
) -> None:
    report = ingest(session, services, here)
    assert (report["documents"], report["indexed"], report["failed"]) == (7, 6, 1)
    keys = ["000.md", "001.md", "002.md", "003.md", "004.md", "a folder/ünder.md", "broken.pdf"]
    found = documents(here)
    assert sorted(found) == keys
    assert (found["000.md"][0], found["001.md"][0]) == (["group:internal"], ["public"])
    assert services.store.sources("lake") == [Source(uri=LAKE, access_uri=f"{LAKE}/_access.json")]
    fetched = [key for key in store.forget() if not key.endswith("_access.json")]
    assert len(fetched) == len(keys), "a new object is fetched once"

    report = ingest(session, services, here)
    assert (report["unchanged"], report["indexed"]) == (7, 0)
    assert set(store.forget()) == {"manuals/_access.json"}, "an unchanged bucket costs a listing"

    store.put("manuals/001.md", "# Notice 1\n\nBrightwater Pumps makes it now.\n")
    store.put("manuals/003.md", store.files.cat_file(f"{BUCKET}/manuals/003.md").decode())
    store.remove("manuals/002.md")
    store.forget()
    report = ingest(session, services, here)
    assert (report["indexed"], report["unchanged"], report["deleted"]) == (1, 5, 1)
    assert set(store.forget()) == {"manuals/_access.json", "manuals/001.md", "manuals/003.md"}
    assert "Brightwater" in str(documents(here)["001.md"])
    assert sorted(documents(here)) == [key for key in keys if key != "002.md"]

    ingest(session, services, here)
    assert set(store.forget()) == {"manuals/_access.json"}, "what was written again as it was is known now"


def test_who_may_read_an_object_follows_the_access_list_in_the_bucket(
    session: SparkSession, services: Services, here: Servers, store: Bucket
) -> None:
    ingest(session, services, here)
    store.put("manuals/_access.json", json.dumps({"documents": {"001.md": ["group:b"]}}))
    report = ingest(session, services, here)
    assert report["unchanged"] == 5
    found = documents(here)
    assert (found["000.md"][0], found["001.md"][0]) == (["public"], ["group:b"])
    store.remove("manuals/_access.json")
    with pytest.raises(Exception, match="The access list of this source is gone"):
        ingest(session, services, here)


def test_a_bucket_that_cannot_be_read_deletes_nothing(
    session: SparkSession, services: Services, here: Servers, store: Bucket
) -> None:
    ingest(session, services, here)
    before = here.content()
    away = replace(here, settings=with_options(here.settings, store.setting(endpoint_url="http://127.0.0.1:1")))
    with pytest.raises(DependencyUnavailable, match="does not answer") as refused:
        ingest(session, services, away)
    assert "endpoint" in str(refused.value.hint)

    store.put("manuals/_access.json", "{}")
    for key in list(store.files.find(f"{BUCKET}/manuals")):
        if not key.endswith("_access.json"):
            store.files.rm_file(key)
    with pytest.raises(Conflict, match="lists 0 documents; 7 of the 7"):
        ingest(session, services, here)
    store.remove("manuals/_access.json")
    with pytest.raises(NotFound, match="nothing at"):
        ingest(session, services, here, make_public=True)
    store.files.rm(BUCKET, recursive=True)
    with pytest.raises(NotFound, match="NoSuchBucket"):
        ingest(session, services, here)
    assert here.content() == before

    store.refuse_after("0")
    with pytest.raises(ConfigurationError, match="credentials") as unknown:
        ingest(session, services, here)
    said = str(unknown.value) + repr(build_lake(here.settings, LAKE)) + repr(here.settings)
    assert "AWS_ACCESS_KEY_ID" in said
    assert not [word for word in (KEY, SECRET) if word in said]
    assert here.content() == before


def test_an_object_that_goes_while_it_is_read_fails_alone(
    session: SparkSession, services: Services, here: Servers, store: Bucket
) -> None:
    lake = build_lake(here.settings, LAKE)
    (first, *_) = lake.files()
    store.remove("manuals/000.md")
    with pytest.raises(FileNotFoundError):
        lake.read(first.path)
