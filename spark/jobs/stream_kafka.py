"""Document events of a topic into the record, batch by batch: Structured Streaming with `foreachBatch`.

Tasks check the messages and read the documents; the driver sees heads (key, version, readers) and decides with
`kgqa.ingest.events`. What cannot be used goes to the dead-letter topic with its reason, and the stream goes on.
A batch that was cut off is tried again from the same offsets; its record in PostgreSQL says where it took effect.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as fn
from pyspark.sql.streaming.query import StreamingQuery

from kgqa.adapters.kafka.broker import Broker
from kgqa.adapters.kafka.topics import Letter, send
from kgqa.adapters.postgres.event_log import Batch, DeadLetter
from kgqa.errors import Conflict, InvalidInput
from kgqa.ingest.events import (
    Changes,
    Event,
    Operation,
    Position,
    event_document,
    event_of,
    event_time,
    read_message,
    reduce_events,
)
from kgqa.model.delta import DeltaReport
from kgqa.model.document import RawDocument
from spark import schemas
from spark.failures import task_errors
from spark.jobs.apply_changes import Applier, Work
from spark.jobs.read_documents import ToRaw

#: another stream that moves the same documents makes a batch be decided again
ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Where events come from, and where those go that cannot be used."""

    broker: Broker
    name: str
    dead_letters: str

    @property
    def stream(self) -> str:
        """What it is called in metrics."""
        return f"kafka:{self.name}"


@dataclass(slots=True, kw_only=True)
class BatchReport:
    """What became of one batch, as one line."""

    number: int
    events: int = 0
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    dead_letters: int = 0
    chunks_added: int = 0
    reasons: list[Sequence[str]] = field(default_factory=list[Sequence[str]])
    lag_seconds: float | None = None
    #: published before the batch that its events belong to
    is_ahead: bool = False

    def count(self, outcomes: Mapping[str, int]) -> None:
        """Add events by outcome."""
        for name, events in outcomes.items():
            self.outcomes[name] = self.outcomes.get(name, 0) + events


def start(
    session: SparkSession, topic: Topic, checkpoint: Path, *, batch_events: int, once: bool, apply: Any
) -> StreamingQuery:
    """Start the query; `apply(frame, number)` is called for each batch. `once`: what is there now, then stop."""
    reader = session.readStream.format("kafka")
    for name, value in topic.broker.spark_options().items():
        reader = reader.option(name, value)
    messages = (
        reader.option("subscribe", topic.name)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", batch_events)
        .load()
        .select("partition", "offset", fn.col("timestamp").cast("double").alias("time"), "value")
    )
    writer = messages.writeStream.foreachBatch(apply).option("checkpointLocation", str(checkpoint))
    return (writer.trigger(availableNow=True) if once else writer).start()


def apply_batch(applier: Applier, topic: Topic, roots: Sequence[Path], frame: DataFrame, number: int) -> BatchReport:
    """Apply one batch of MESSAGE rows."""
    applier.seconds = {}
    report = BatchReport(number=number)
    messages = frame.cache()
    try:
        with applier.timed("decide"), task_errors():
            rows = messages.mapInPandas(heads, schemas.HEAD).collect()
        report.events = len(rows)
        rejected = [
            DeadLetter(
                topic=topic.name, partition=r["partition"], offset=r["offset"], digest=r["digest"], reason=r["reason"]
            )
            for r in rows
            if r["reason"]
        ]
        if rejected:
            report.count({"rejected": len(rejected)})
            with applier.timed("dead letters"):
                report.dead_letters += _bury(applier, topic, messages, rejected)
        for collection in sorted({r["collection"] for r in rows if not r["reason"]}):
            own = [r for r in rows if r["collection"] == collection]
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    _apply_collection(applier, topic, roots, messages, collection, own, report)
                    break
                except Conflict:
                    if attempt == ATTEMPTS:
                        raise
            applier.settle(collection)  # also where an earlier try, or somebody ahead of it, published and no more
        return report
    finally:
        messages.unpersist()


def heads(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """MESSAGE -> HEAD."""
    for batch in batches:
        yield schemas.frame(map(_head, batch.itertuples(index=False)), schemas.HEAD)


def _head(row: Any) -> tuple[object, ...]:
    value = None if row.value is None else bytes(row.value)
    position = (int(row.partition), int(row.offset))
    digest = sha256(value or b"").digest()
    try:
        message = read_message(value)
    except InvalidInput as problem:
        return (*position, row.time, None, None, None, None, None, str(problem), digest)
    event = event_of(message, position)
    happened = event_time(message)
    seconds = happened.timestamp() if happened else row.time
    return (
        *position, seconds, message["collection"], event.key, event.operation.value, event.version,
        list(event.principals), None, digest,
    )  # fmt: skip


def _apply_collection(
    applier: Applier,
    topic: Topic,
    roots: Sequence[Path],
    messages: DataFrame,
    collection: str,
    rows: Sequence[Row],
    report: BatchReport,
) -> None:
    events = applier.services.events
    with applier.timed("decide"):
        collection_id = applier.collection_id(collection)
        if events.is_applied(applier.query, report.number, collection_id):
            return
        changes = reduce_events(map(_event, rows), events.registers(collection_id, [row["key"] for row in rows]))
    batch = Batch(
        query=applier.query,
        number=report.number,
        collection_id=collection_id,
        stream=topic.stream,
        outcomes=changes.outcomes,
        lag_seconds=_lag(rows, changes),
        registers=changes.registers,
    )
    work = Work(
        collection=collection,
        sources=_sources(messages, changes) if changes.upserts else None,
        upserts={key: principals for key, (_, principals) in changes.upserts.items()},
        deletions=changes.deletions,
        access=changes.access,
        to_raw=event_raw(tuple(roots)),
    )
    run, failed = None, dict[str, str]()
    if work:
        run = applier.open_run(collection)
        applier.stage(run, work)
        failed = {key: reason for key, reason in events.failed(run).items() if key in changes.upserts}
        if failed:
            with applier.timed("dead letters"):
                report.dead_letters += _bury(applier, topic, messages, _failed_letters(topic, rows, changes, failed))
            batch = replace(batch, outcomes={**batch.outcomes, "failed": len(failed)})
    published = applier.publish(run, batch)
    _count(report, batch, published)


def event_raw(roots: tuple[Path, ...]) -> ToRaw:
    """How tasks get the document out of an EVENT_SOURCE row."""

    def raw(_collection: str, row: Mapping[str, Any]) -> RawDocument:
        return event_document(read_message(bytes(row["value"])), row["principals"], roots=roots)

    return raw


def _event(row: Row) -> Event:
    return Event(
        key=row["key"],
        operation=Operation(row["operation"]),
        version=row["version"],
        principals=tuple(row["principals"]),
        position=(row["partition"], row["offset"]),
    )


def _sources(messages: DataFrame, changes: Changes) -> DataFrame:
    """The messages that bring documents, as EVENT_SOURCE."""
    wanted = {position: (key, list(readers)) for key, (position, readers) in changes.upserts.items()}

    def choose(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            columns = zip(batch["partition"], batch["offset"], batch["value"], strict=True)
            rows = [
                (wanted[place, offset][0], "", value, wanted[place, offset][1])
                for place, offset, value in columns
                if (place, offset) in wanted
            ]
            yield schemas.frame(rows, schemas.EVENT_SOURCE)

    return messages.mapInPandas(choose, schemas.EVENT_SOURCE)


def _lag(rows: Sequence[Row], changes: Changes) -> float | None:
    """Seconds since the oldest event that changed something."""
    times = [row["time"] for row in rows if row["key"] in changes.registers and row["time"] is not None]
    return max(0.0, time.time() - min(times)) if times else None


def _failed_letters(topic: Topic, rows: Sequence[Row], changes: Changes, failed: Mapping[str, str]) -> list[DeadLetter]:
    digests = {(row["partition"], row["offset"]): row["digest"] for row in rows}
    letters: list[DeadLetter] = []
    for key, reason in failed.items():
        (partition, offset), _ = changes.upserts[key]
        letters.append(
            DeadLetter(
                topic=topic.name,
                partition=partition,
                offset=offset,
                digest=bytes(digests[partition, offset]),
                reason=f"The document could not be read: {reason}",
            )
        )
    return letters


def _bury(applier: Applier, topic: Topic, messages: DataFrame, letters: Sequence[DeadLetter]) -> int:
    """Send messages to the dead-letter topic that are not there yet; their number."""
    events = applier.services.events
    known = events.sent(letters)
    fresh: dict[Position, DeadLetter] = {
        (letter.partition, letter.offset): letter
        for letter in letters
        if (letter.partition, letter.offset) not in known
    }
    if not fresh:
        return 0
    place = fn.concat_ws(":", "partition", "offset")
    wanted = messages.where(place.isin([f"{partition}:{offset}" for partition, offset in fresh]))

    def envelopes() -> Iterator[Letter]:
        for row in wanted.toLocalIterator():
            letter = fresh[row["partition"], row["offset"]]
            headers = {
                "reason": letter.reason, "topic": letter.topic, "partition": str(letter.partition),
                "offset": str(letter.offset),
            }  # fmt: skip
            yield Letter(value=bytes(row["value"] or b""), headers=headers)

    send(topic.broker, topic.dead_letters, envelopes())
    events.add_sent(list(fresh.values()))
    return len(fresh)


def _count(report: BatchReport, batch: Batch, published: DeltaReport) -> None:
    report.count(batch.outcomes)
    report.chunks_added += published.chunks_added
    report.reasons += [(key, reason) for key, reason in published.reasons]
    lags = [lag for lag in (report.lag_seconds, batch.lag_seconds) if lag is not None]
    report.lag_seconds = max(lags) if lags else None
