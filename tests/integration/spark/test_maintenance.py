"""`kgqa maintain` as an operator runs it, and names of a big collection, which Spark resolves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from kgqa import maintenance
from kgqa.bootstrap import build_services
from kgqa.ingest.pipeline import ingest_documents, stage_versions
from kgqa.model.document import RawDocument
from tests.integration.spark.lake import SUPPLIERS, Servers


def leave_waiting(servers: Servers, documents: int) -> int:
    """A lake whose ingest was cut off after it was published: how many names wait to become entities."""
    with build_services(servers.settings, servers.endpoints) as services:
        store, parts = services.store, services.ingest_parts("lake")
        run = store.start_run("lake", stage_versions(parts))
        raws = [
            RawDocument(
                collection="lake", key=f"{i}.md", uri=f"file:/{i}.md", principals=("public",),
                data=f"# Notice {i}\n\n{SUPPLIERS[i % len(SUPPLIERS)]} makes the seal of unit {i}.\n".encode(),
            )
            for i in range(documents)
        ]  # fmt: skip
        store.stage(run, ingest_documents(raws, parts))
        store.publish(run, resolve=False)
        return store.count_waiting("lake")[0]


def kgqa(servers: Servers, *arguments: str, extra: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from kgqa.cli.main import main; main()", *arguments],
        env={**servers.environment(), **(extra or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_maintain_does_what_is_due_and_fails_when_the_check_finds_something(servers: Servers) -> None:
    waiting = leave_waiting(servers, 6)
    assert waiting
    with psycopg.connect(servers.database.owner_url) as owner:
        owner.execute(
            "insert into job (kind, idempotency_key, requested_by, state, updated_at)"
            " values ('k', 'k', 'user:ivy', 'done', now() - interval '5 days')"
        )
    done = kgqa(servers, "maintain", "--json", extra={"KGQA_RETENTION__JOBS_DAYS": "4"})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert list(said) == ["resolve", "retention", "statistics", "check"]
    assert said["resolve"]["counts"]["names"] == waiting
    assert said["retention"]["counts"]["jobs"] == 1
    assert said["check"] == {"counts": {"record": 0, "graph": 0}, "problems": []}
    with psycopg.connect(servers.database.owner_url) as owner:
        owner.execute("update entity set aliases = aliases + 1")
    done = kgqa(servers, "maintain", "check", "retention")
    assert done.returncode == 1, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line[0] != " "] == [
        "ok   retention",
        "FAIL check",
    ]
    assert "number of aliases" in done.stdout
    assert kgqa(servers, "maintain", "retention").returncode == 0
    checked = kgqa(servers, "check", "--json")
    assert checked.returncode == 1
    assert {found["what"] for found in json.loads(checked.stdout)["record"]} == {"number of aliases"}


def test_names_of_a_big_collection_are_resolved_by_spark(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waiting = leave_waiting(servers, 8)
    for name, value in servers.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(maintenance, "MANY_NAMES", waiting - 1)
    with build_services(servers.settings, servers.endpoints) as services:
        log = servers.settings.home / "logs" / "spark.log"
        before = log.stat().st_size if log.exists() else 0
        report = maintenance.resolve(services, servers.endpoints)
        assert report.counts["names"] == waiting
        assert services.store.count_waiting("lake")[0] == 0
        assert log.stat().st_size > before, "no Spark job has run"
        assert maintenance.check(services, servers.endpoints).problems == ()
