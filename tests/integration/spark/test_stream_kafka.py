"""Document events through a real broker: order, repeats, poison, replays, and a driver that is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer
from pyspark.sql import SparkSession

from kgqa.adapters.kafka.broker import Broker
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.bootstrap import Services
from kgqa.errors import Conflict, DependencyUnavailable
from spark.jobs.apply_changes import Applier
from tests.integration.spark.events import Lines, event, publish, stream_once
from tests.integration.spark.lake import Servers


def dead_letters(broker: Broker, topic: str) -> list[tuple[bytes, str]]:
    """(message, reason) of a dead-letter topic."""
    consumer = Consumer({**broker.client_options(), "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    consumer.subscribe([f"{topic}.dead-letters"])
    found: list[tuple[bytes, str]] = []
    deadline = time.monotonic() + 30
    quiet = 0
    while time.monotonic() < deadline and quiet < 4:
        message = consumer.poll(0.5)
        if message is None or message.error():
            quiet += bool(found)
            continue
        reason = dict(message.headers() or [])["reason"]
        found.append((message.value() or b"", reason.decode() if isinstance(reason, bytes) else str(reason)))
    consumer.close()
    return found


def documents(servers: Servers) -> dict[str, tuple[tuple[str, ...], str, str]]:
    """By key the readers, text and outcome of every document."""
    return {row[0]: (tuple(row[1]), str(row[2]), str(row[4])) for row in servers.content()["document"]}  # type: ignore[arg-type]


def outcomes(batches: Lines) -> dict[str, int]:
    total: dict[str, int] = {}
    for batch in batches:
        for name, count in batch["outcomes"].items():
            total[name] = total.get(name, 0) + count
    return total


def test_late_repeated_and_poisoned_events_end_right_and_replays_change_nothing(
    session: SparkSession, services: Services, servers: Servers, broker: Broker, topic: str
) -> None:
    poison = [b"{", b"", event("put", "x.md", 1), b'{"op": "upsert", "collection": "lake"}']
    broken = json.dumps({**json.loads(event("upsert", "bad.pdf", 1)), "text": "%PDF-1.7\nnot really"}).encode()
    log = [
        event("upsert", "a.md", 3, "# A\n\nBrightwater Pumps makes the third.\n"),
        event("upsert", "a.md", 2, "# A\n\nThis came too late.\n", ["group:old"]),
        event("acl", "b.md", 7, principals=["group:internal"]),
        event("delete", "c.md", 9),
        event("upsert", "c.md", 8),
        *poison,
        event("upsert", "b.md", 5),
        broken,
        event("upsert", "d.md", 1),
    ]
    log += random.Random(5).sample(log[:5], 3)
    publish(broker, topic, log)
    publish(broker, topic, [event("acl", "d.md", 4, principals=["group:internal", "user:ivy"])])
    first = stream_once(session, services, servers, broker, topic)
    assert sum(batch["events"] for batch in first) == len(log) + 1
    found = documents(servers)
    assert {key: (readers, outcome) for key, (readers, _, outcome) in found.items()} == {
        "a.md": (("public",), "indexed"),
        "b.md": (("group:internal",), "indexed"),
        "bad.pdf": (("public",), "failed"),
        "d.md": (("group:internal", "user:ivy"), "indexed"),
    }
    assert "the third" in found["a.md"][1]
    assert outcomes(first)["rejected"] == len(poison)
    letters = dead_letters(broker, topic)
    assert [message for message, _ in letters] == [*poison, broken]
    assert [reason.split(":")[0] for _, reason in letters] == [
        "The message is not JSON.", "The message is not JSON.", "The event breaks its schema",
        "The event breaks its schema", "The document could not be read",
    ]  # fmt: skip
    assert services.graph.project() == 0

    state, versions = servers.content(), version_ids(servers)
    for _ in range(3):
        again = stream_once(session, services, servers, broker, topic, from_start=True)
        assert sum(batch["events"] for batch in again) == len(log) + 1
        assert set(outcomes(again)) == {"stale", "rejected"}
        assert sum(batch["deadLetters"] for batch in again) == 0
    assert (servers.content(), version_ids(servers)) == (state, versions)
    totals = services.events.totals()
    for outcome in ("upsert", "delete", "acl", "failed"):
        assert totals[f"kafka:{topic}", outcome][0] == outcomes(first)[outcome]


def test_a_batch_that_was_published_and_no_more_is_settled_when_it_is_tried_again(
    session: SparkSession,
    services: Services,
    servers: Servers,
    broker: Broker,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(broker, topic, [event("upsert", "a.md", 1)])
    with monkeypatch.context() as patch:
        patch.setattr(Applier, "settle", gone)
        with pytest.raises(DependencyUnavailable, match="gone"):
            stream_once(session, services, servers, broker, topic)
    assert services.store.count_waiting("lake")[0]
    (again,) = stream_once(session, services, servers, broker, topic)
    assert again["outcomes"] == {}
    assert services.store.count_waiting("lake")[0] == 0
    assert services.graph.project() == 0


def test_names_are_resolved_also_where_others_write_all_the_time(
    session: SparkSession,
    services: Services,
    servers: Servers,
    broker: Broker,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def changed(*_: object) -> None:
        raise Conflict("The collection changed while its entities were resolved.")

    monkeypatch.setattr(PostgresDocumentStore, "write_partition", changed)
    publish(broker, topic, [event("upsert", "a.md", 1)])
    (batch,) = stream_once(session, services, servers, broker, topic)
    assert batch["outcomes"] == {"upsert": 1}
    waiting, total = services.store.count_waiting("lake")
    assert waiting == 0
    assert total > 0


def gone(_applier: Applier, _collection: str) -> None:
    raise DependencyUnavailable("The driver is gone.")


def version_ids(servers: Servers) -> list[tuple[Any, ...]]:
    with psycopg.connect(servers.database.superuser_url) as connection:
        return connection.execute("select id from document_version order by 1").fetchall()


def test_a_killed_driver_goes_on_where_it_was_and_a_signal_ends_the_stream_cleanly(
    session: SparkSession, services: Services, servers: Servers, broker: Broker, topic: str
) -> None:
    publish(broker, topic, [event("upsert", f"{i:02}.md", 1) for i in range(12)])
    environment = {
        **servers.environment(),
        "KGQA_KAFKA__BOOTSTRAP_SERVERS": broker.servers,
        "KGQA_KAFKA__USER": broker.user,
        "KGQA_KAFKA__PASSWORD": broker.password,
        "KGQA_STREAM__BATCH_DOCUMENTS": "5",
    }

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "spark", "stream-kafka", "--topic", topic, "--progress", "json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip

    killed = start()
    assert killed.stdout is not None
    assert "batch" in json.loads(killed.stdout.readline())
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    before = len(documents(servers))
    assert before >= 5

    again = start()
    assert again.stdout is not None
    lines = [json.loads(again.stdout.readline())]
    while len(documents(servers)) < 12:
        lines.append(json.loads(again.stdout.readline()))
    publish(broker, topic, [event("upsert", "late.md", 1)])
    lines.append(json.loads(again.stdout.readline()))
    again.terminate()
    rest, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "report" in json.loads(rest.splitlines()[-1])
    assert len(documents(servers)) == 13
    assert services.events.totals()[f"kafka:{topic}", "upsert"][0] == 13
