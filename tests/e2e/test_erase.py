"""After deleting half of the examples and erasing, no canary of it is left in any store, dump, file or log.

On servers of its own: what is asserted is that their files hold nothing, and other tests read the same examples.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from api.worker.app import publisher
from api.worker.perform import perform
from kgqa.adapters.lakes.folder import FolderLake
from kgqa.bootstrap import Services, build_services
from kgqa.cli.main import app
from kgqa.demo import ready
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.settings import load_settings

EXAMPLES = Path(__file__).parents[2] / "examples" / "lake"
COLLECTION = "examples"
SUBJECTS = ("Zyxquor Blamthep", "Бережкова-Лунь")
CANARY = f"Dr {SUBJECTS[0]} met Ms {SUBJECTS[1]} and {SUBJECTS[0].upper()} signed the Vorpal Agreement."
STORES = (
    "PostgreSQL tables", "PostgreSQL dump", "PostgreSQL files", "PostgreSQL write-ahead log", "Neo4j graph",
    "Neo4j files", "Redis", "files of KGQA_HOME", "logs",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """The examples, and servers that nobody else uses."""

    services: Services
    endpoints: Endpoints
    home: Path

    def texts(self) -> dict[str, str]:
        """Texts of the published documents by key."""
        query = (
            "select d.key, v.title || ' ' || v.text from current_document d "
            "join document_version v on v.id = d.current_version"
        )
        return dict(self._rows(query))

    def names(self) -> set[str]:
        """Names that documents support."""
        return {row[0] for row in self._rows("select norm from name")}

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        assert self.endpoints.postgres_superuser_url is not None
        with psycopg.connect(self.endpoints.postgres_superuser_url) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    home = Path(tempfile.mkdtemp(prefix="kgqa-test-"))
    home.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGQA_HOME", str(home / "home"))
        patch.setenv("KGQA_MODELS__ENCODER", "hashing")
        settings = load_settings()
        try:
            endpoints = ready(settings, Console(stderr=True))
            with build_services(settings, endpoints) as services:
                yield Lake(services=services, endpoints=endpoints, home=settings.home)
        finally:
            Stack(settings).down()
            shutil.rmtree(home, ignore_errors=True)


def raw(key: str, data: bytes) -> RawDocument:
    return RawDocument(collection=COLLECTION, key=key, uri=f"lake/{key}", data=data)


def run(*arguments: str, code: int = 0) -> Any:
    """A command of kgqa in this process; what it prints as JSON."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, f"{done.output}{done.exception!r}"
    return json.loads(done.stdout)


def places(token: str, *, left: bool) -> dict[str, dict[str, int]]:
    """Where `kgqa verify-erased` finds a token, by store. Nothing may have been left out."""
    report = run("verify-erased", token, code=1 if left else 0)
    assert [search["store"] for search in report["searches"]] == list(STORES)
    assert [search["skipped"] for search in report["searches"] if search["skipped"]] == []
    assert all(sum(search["searched"].values()) > 0 for search in report["searches"] if search["store"] != "Redis")
    return {search["store"]: search["found"] for search in report["searches"] if search["found"]}


def plant(lake: Lake) -> None:
    """The subjects through every door: a job that is done, one that waits, an interrupted run, leftovers, a log."""
    services = lake.services
    publish = publisher(lake.endpoints.redis_url)
    for key in ("done", "waits"):
        payload = {
            "target": f"{COLLECTION}/upload/user:omar/{key}",
            "collection": COLLECTION,
            "key": f"upload/user:omar/{key}",
            "content": base64.b64encode(CANARY.encode()).decode(),
            "mediaType": "text/plain",
            "principals": ["user:omar"],
            "metadata": {"title": " and ".join(SUBJECTS)},
        }
        job = services.jobs.enqueue("ingest_document", payload, key=f"{SUBJECTS[0]} {key}", requested_by="user:omar")
        publish(job)
        if key == "done":
            assert perform(job.id, services.jobs, services, "test") == "done"
    staged = services.store.start_run(COLLECTION, {"interrupted": True})
    parts = services.ingest_parts(COLLECTION)
    services.store.stage(staged, ingest_documents([raw("interrupted.txt", CANARY.encode())], parts))
    leftover = lake.home / "spark" / "blockmgr-1" / "shuffle_0_0_0.data"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(CANARY.encode("utf-16-le"))
    with (lake.home / "logs" / "spark.log").open("a") as log:
        log.write(f"before\nerror in {SUBJECTS[0]}\nafter\n")
    recycle_log(lake)


def recycle_log(lake: Lake) -> None:
    """What checkpoints of an ordinary day do: segments of the log that say the subject become the next ones."""
    assert lake.endpoints.postgres_superuser_url is not None
    with psycopg.connect(lake.endpoints.postgres_superuser_url, autocommit=True) as connection:
        for _ in range(12):
            connection.execute("select pg_logical_emit_message(false, 'canary', %s)", (CANARY,))
            connection.execute("select pg_switch_wal()")
        connection.execute("checkpoint")
        next_ones = "select count(*) from pg_ls_waldir() where name > pg_walfile_name(pg_current_wal_lsn())"
        row = connection.execute(next_ones).fetchone()
    assert row is not None
    assert row[0] > 3


def test_no_canary_is_left_after_deleting_half_of_the_examples_and_erasing(lake: Lake) -> None:
    services = lake.services
    files = [raw(f.key, (EXAMPLES / f.key).read_bytes()) for f in FolderLake(path=EXAMPLES).files()]
    deltas = ingest_documents(files, services.ingest_parts(COLLECTION))
    services.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=tuple(deltas)))
    plant(lake)
    while services.graph.project():
        pass
    before = places(SUBJECTS[0], left=True)
    assert set(STORES) - set(before) <= {"Redis", "Neo4j files"}, "a job's id is all that Redis knows"
    assert any("(document of job" in place for place in before["PostgreSQL tables"])

    texts, names = lake.texts(), lake.names()
    gone = sorted(key for key in texts if not key.startswith("upload/"))[::2]
    kept = " ".join(text for key, text in texts.items() if key not in gone).casefold()
    deleted = run("delete", *gone, "nowhere.md", "-c", COLLECTION)
    assert (deleted["deleted"], deleted["notFound"]) == (len(gone), ["nowhere.md"])
    lost = sorted(
        (name for name in names - lake.names() if " " in name and name not in kept), key=lambda n: (-len(n), n)
    )
    assert len(lost) > 10
    erased = run("erase", "--subject", SUBJECTS[0], "--subject", SUBJECTS[1], "--yes")
    assert [d["key"] for d in erased["documents"]] == ["interrupted.txt", "upload/user:omar/done"]
    assert (erased["cancelled jobs"], erased["notDone"]) == (1, [])

    for token in (*SUBJECTS, lost[0], lost[len(lost) // 2]):
        assert places(token, left=False) == {}, token
    assert "before\n" in (lake.home / "logs" / "spark.log").read_text()
    survivor = max((name for name in lake.names() if " " in name and name in kept), key=len)
    assert {"PostgreSQL tables", "PostgreSQL dump", "Neo4j graph"} <= set(places(survivor, left=True))
    assert not services.graph.compare(services.store.generation().id)
    assert set(lake.texts()) == set(texts) - set(gone) - {"upload/user:omar/done"}


def test_erasing_asks_and_shows_before_it_touches_anything(lake: Lake) -> None:
    deltas = ingest_documents([raw("asked.txt", b"Quibblesworth is here.")], lake.services.ingest_parts(COLLECTION))
    lake.services.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=tuple(deltas)))
    plan = run("erase", "--subject", "quibblesWORTH", "--dry-run")
    assert [(d["key"], d["places"]) for d in plan["documents"]] == [("asked.txt", ["text", "raw"])]
    refused = CliRunner().invoke(app, ["erase", "--subject", "quibblesWORTH"])
    assert refused.exit_code != 0
    assert "--yes" in str(refused.exception)
    assert "asked.txt" in lake.texts()
