"""Document events of a test, and a stream that applies them in this process."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import SparkSession

from kgqa.adapters.kafka.broker import Broker
from kgqa.adapters.kafka.topics import Letter, send
from kgqa.bootstrap import Services
from kgqa.settings import KafkaSettings, Settings
from spark.streaming import run_kafka
from tests.integration.spark.lake import Servers

Lines = list[Mapping[str, Any]]


def event(op: str, key: str, version: int, text: str = "", principals: Sequence[str] = ("public",)) -> bytes:
    found: dict[str, object] = {"op": op, "collection": "lake", "key": key, "version": version}
    if op != "delete":
        found["principals"] = list(principals)
    if op == "upsert":
        found |= {"text": text or f"# Notice {key}\n\nNorthline Castings GmbH makes part {version}.\n"}
    return json.dumps(found).encode()


def publish(broker: Broker, topic: str, events: Sequence[bytes]) -> None:
    send(broker, topic, [Letter(value=value, key=b"one partition") for value in events])


def on_broker(settings: Settings, broker: Broker, batch: int) -> Settings:
    kafka = KafkaSettings.model_validate(
        {"bootstrap_servers": broker.servers, "user": broker.user, "password": broker.password}
    )
    stream = settings.stream.model_copy(update={"batch_documents": batch})
    return settings.model_copy(update={"kafka": kafka, "stream": stream})


def stream_once(
    session: SparkSession, services: Services, servers: Servers, broker: Broker, topic: str, *, from_start: bool = False
) -> Lines:
    """The batches of `stream-kafka --once`."""
    lines: Lines = []
    options = Namespace(topic=topic, dead_letter=None, once=True, from_start=from_start)
    settings = on_broker(servers.settings, broker, batch=100 if from_start else 5)
    run_kafka(session, services, servers.endpoints, settings, options, lines.append)
    return [line["batch"] for line in lines]
