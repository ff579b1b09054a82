"""A small lake on a stack of its own, whose servers a test may kill, and what has to be in the stores at the end.

A barrier makes "inside a stage" exact: it holds something that the stage has to write, and opens when it is left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
from neo4j.exceptions import DriverError, Neo4jError

from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.content import Content, record_content
from kgqa.bootstrap import build_services
from kgqa.embedded.postgres import DATABASE
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.processes import run_spark_job
from kgqa.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
COLLECTION = "lake"
#: of the examples; suppliers, parts and people that several of them name
DOCUMENTS = (
    "changes/co-2063.md",
    "errors/e-733.txt",
    "es/condiciones-de-garantia.txt",
    "onboarding/first-week.md",
    "people/quality.md",
    "products/lifecycle.md",
    "suppliers/brightwater.txt",
    "suppliers/kestrel-seals.html",
    "suppliers/moravec.md",
    "suppliers/tessera.txt",
)
INTERNAL = "people/quality.md"
PATIENCE_SECONDS = 400
_TEMPLATE = "kgqa_template"

#: what is called with the progress of a job as it comes
Watch = Callable[[Mapping[str, object]], None]


def principals(key: str) -> tuple[str, ...]:
    """Who may read a document of the lake."""
    return ("group:internal",) if key == INTERNAL else ("public",)


def write_lake(folder: Path) -> None:
    """The documents and their access list."""
    for key in DOCUMENTS:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLES / "lake" / key, folder / key)
    access = {"default": ["public"], "documents": {INTERNAL: list(principals(INTERNAL))}}
    (folder / "_access.json").write_text(json.dumps(access), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """The servers, and documents to ingest."""

    settings: Settings
    endpoints: Endpoints
    folder: Path

    @property
    def superuser_url(self) -> str:
        """The record, past row-level security."""
        assert self.endpoints.postgres_superuser_url is not None
        return self.endpoints.postgres_superuser_url

    def keep_empty(self) -> None:
        """Remember the record as it is now, migrated and empty, for `empty`."""
        create_database(database_url(self.superuser_url, "postgres"), _TEMPLATE, template=DATABASE)

    def empty(self) -> None:
        """Nothing is in the stores but the dictionary."""
        server = database_url(self.superuser_url, "postgres")
        drop_database(server, DATABASE)
        create_database(server, DATABASE, template=_TEMPLATE)
        with self.driver() as driver:
            driver.execute_query("MATCH (n) DETACH DELETE n")
        with build_services(self.settings, self.endpoints) as services:
            services.store.set_dictionary(COLLECTION, json.loads((EXAMPLES / "dictionary.json").read_text()))

    def driver(self):
        """Neo4j."""
        return open_driver(self.endpoints.neo4j_url, self.endpoints.neo4j_user, self.endpoints.neo4j_password)

    def rows(self, query: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """What the record says."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def ingest_undisturbed(self) -> None:
        """The whole lake in one go, in this process."""
        with build_services(self.settings, self.endpoints) as services:
            raws = [
                RawDocument(
                    collection=COLLECTION,
                    key=key,
                    uri=(self.folder / key).as_uri(),
                    data=(self.folder / key).read_bytes(),
                    principals=principals(key),
                )
                for key in DOCUMENTS
            ]
            deltas = ingest_documents(raws, services.ingest_parts(COLLECTION))
            services.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=tuple(deltas)))
            while services.graph.project():
                pass

    def ingest(self, watch: Watch | None = None) -> Mapping[str, object]:
        """The Spark job, as `kgqa ingest` runs it; its report."""
        arguments = ["--source", str(self.folder), "--collection", COLLECTION]
        return run_spark_job("ingest", arguments, self.settings, on_progress=watch)

    def content(self) -> Content:
        """Everything in the record that follows from the documents, ids of runs and versions aside."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            return record_content(connection)

    def assert_graph_is_the_record(self) -> None:
        """Nothing is left to project, and Neo4j holds what the record says."""
        assert self.rows("select count(*) from dirty_key") == [(0,)]
        with build_services(self.settings, self.endpoints) as services:
            generation = services.store.generation().id
            assert not services.graph.compare(generation)
            assert services.graph.counts(generation).nodes["Document"] == len(DOCUMENTS)

    def kill(self, server: str) -> None:
        """SIGKILL one server, and wait until nothing of it is left."""
        (pid,) = [status.pid for status in Stack(self.settings).status().servers if status.name == server]
        assert pid is not None
        kill_all([psutil.Process(pid)])

    @contextmanager
    def writers_wait(self, table: LiteralString) -> Generator[Callable[[], bool]]:
        """Nobody writes to a table of the record; yields whether somebody waits to do so."""
        connection = psycopg.connect(self.superuser_url)
        waiting: LiteralString = (
            "select exists (select from pg_locks l join pg_class c on c.oid = l.relation where not granted and "
        )
        try:
            connection.execute(b"lock table " + table.encode() + b" in share mode")
            yield lambda: self.rows(waiting + "c.relname like %s)", f"{table}%") == [(True,)]
        finally:
            with suppress(psycopg.OperationalError):
                connection.close()

    @contextmanager
    def projector_waits(self, claim: int) -> Generator[Callable[[], bool]]:
        """The projector cannot put this claim: documents, chunks, names and entities are there by then, no claim is."""
        generation = self.rows("select id from index_generation where state = 'active'")[0][0]
        blocked = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN count(*)"
        with self.driver() as driver, driver.session() as session, suppress(DriverError, Neo4jError):
            held = session.begin_transaction()
            held.run("CREATE (:Claim {generation: $generation, id: $id})", generation=generation, id=claim).consume()
            try:
                yield lambda: driver.execute_query(blocked).records[0][0] > 0
            finally:
                with suppress(DriverError, Neo4jError):
                    held.close()


def kill_all(processes: Sequence[psutil.Process]) -> None:
    """SIGKILL these, and wait for the end of all that they started."""
    family = [*processes, *(child for process in processes for child in process.children(recursive=True))]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive


def wait_until(holds: Callable[[], bool], *, what: str) -> None:
    """Poll; fail when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
