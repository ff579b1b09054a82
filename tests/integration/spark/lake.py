"""A small lake, and jobs on it: in this process, or as the child process that the command line starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.bootstrap import build_services
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from spark.jobs.list_sources import read_access
from tests.integration.conftest import Database

DICTIONARY = {
    "names": [{"name": "Marlow P350", "type": "PRODUCT", "aliases": ["P350"]}],
    "patterns": [{"type": "ERROR_CODE", "regex": "\\bE-\\d{3}\\b"}],
}
SUPPLIERS = ("Northline Castings GmbH", "Nortline Castings", "Kestrel Seals Ltd", "Kestrel Seals")
#: what must not depend on how often a job was cut short; ids of versions and runs aside
CONTENT = {
    "document": "select key, principals, text, title, outcome from current_document d "
    "join acl_class a on a.id = d.acl_class join document_version v on v.id = d.current_version order by 1",
    "chunk": "select id, text from chunk order by 1",
    "chunk_index": "select chunk_id, live, terms from chunk_index order by 1",
    "sentence": "select chunk_id, start_offset, end_offset, live from sentence order by 1, 2",
    "name_support": "select name_id, document_id, chunk_id, source, type, live from name_support "
    "order by 1, 2, 3, 4, 5",
    "mention": "select chunk_id, start_offset, end_offset, name_id, alias_id, is_title from mention "
    "order by 1, 2, 3, 4, 6",
    "claim": "select id, subject_alias, object_alias, live from claim order by 1",
    "alias": "select id, norm, type, component_id, entity_id from alias order by 1",
    "relation": "select id from relation order by 1",
}


def write_lake(folder: Path, documents: int) -> None:
    """Text documents that share suppliers and one that cannot be read."""
    folder.mkdir()
    for i in range(documents):
        supplier = SUPPLIERS[i % len(SUPPLIERS)]
        text = f"# Notice {i}\n\n{supplier} makes the seal of the P350. It shows E-{100 + i} when unit {i} runs dry.\n"
        (folder / f"{i:03}.md").write_text(text, encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    access = {"default": ["public"], "documents": {"000.md": ["group:internal"]}}
    (folder / "_access.json").write_text(json.dumps(access), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The run's servers with a database and a generation of this test."""

    endpoints: Endpoints
    settings: Settings
    database: Database

    def environment(self) -> dict[str, str]:
        """The environment of a child process that uses these servers."""
        e = self.endpoints
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("KGQA_")},
            "KGQA_HOME": str(self.settings.home),
            "KGQA_CACHE": str(self.settings.cache),
            "KGQA_POSTGRES__URL": e.postgres_app_url,
            "KGQA_POSTGRES__PIPELINE_URL": e.postgres_pipeline_url,
            "KGQA_POSTGRES__OWNER_URL": e.postgres_owner_url,
            "KGQA_NEO4J__URL": e.neo4j_url,
            "KGQA_NEO4J__USER": e.neo4j_user,
            "KGQA_NEO4J__PASSWORD": e.neo4j_password,
            "KGQA_REDIS__URL": e.redis_url,
            "KGQA_MODELS__ENCODER": "hashing",
            "KGQA_SPARK__MASTER": self.settings.spark.master,
            "KGQA_SPARK__DRIVER_MEMORY": "1g",
        }

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything in the record that follows from the documents."""
        with psycopg.connect(self.database.superuser_url, autocommit=True) as connection:
            return {name: connection.execute(query).fetchall() for name, query in CONTENT.items()}  # type: ignore[call-overload]


def on_database(endpoints: Endpoints, database: Database) -> Endpoints:
    """The same servers, with another database."""
    return replace(
        endpoints,
        postgres_app_url=database.app_url,
        postgres_pipeline_url=database.pipeline_url,
        postgres_owner_url=database.owner_url,
        postgres_superuser_url=database.superuser_url,
    )


def run_job(servers: Servers, source: Path, dictionary: Path) -> Mapping[str, Any]:
    """The report of `python -m spark ingest` as a child process that ends well."""
    arguments = ["--source", str(source), "--collection", "lake", "--dictionary", str(dictionary)]
    done = subprocess.run(
        [sys.executable, "-m", "spark", "ingest", *arguments, "--progress", "json"],
        env=servers.environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["report"]


def ingest_one_by_one(servers: Servers, source: Path, dictionary: Mapping[str, object] = DICTIONARY) -> None:
    """The same folder by the path of single documents, without Spark."""
    access = read_access(FolderLake(path=source), None)
    with build_services(servers.settings, servers.endpoints) as services:
        services.store.set_dictionary("lake", dictionary)
        raws = [
            RawDocument(
                collection="lake",
                key=file.key,
                uri=file.uri,
                data=Path(os.fsdecode(file.path)).read_bytes(),
                principals=access.of(file.key),
            )
            for file in FolderLake(path=source).files()
        ]
        deltas = ingest_documents(raws, services.ingest_parts("lake"))
        services.store.apply_delta(IngestDelta(collection="lake", upserts=tuple(deltas)))
