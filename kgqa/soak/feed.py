"""The topic of a program: sending its events until the broker has them, and seeing in the record what they did."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from kgqa.adapters.kafka.broker import Broker
from kgqa.adapters.kafka.topics import Letter, ensure_topic, send
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.event_log import PostgresEventLog
from kgqa.adapters.postgres.pool import Pool
from kgqa.errors import DependencyUnavailable
from kgqa.ingest.events import Registers
from kgqa.soak.events import version
from kgqa.soak.program import Operation

#: events of different documents may overtake each other
PARTITIONS = 2
#: between two events of a round, so that what is killed is killed before, between and after them
_GAP_SECONDS = 0.4
_RETRY_SECONDS = 0.5


class Feed:
    """Sends events to one topic."""

    def __init__(self, broker: Broker, topic: str, *, patience_seconds: float) -> None:
        ensure_topic(broker, topic, make=True, partitions=PARTITIONS)
        self.broker = broker
        self._topic = topic
        self._patience_seconds = patience_seconds

    def send(self, letters: Iterable[Letter]) -> None:
        """Send events one after the other, each until the broker says that it has it.

        What it does not say so of may have arrived all the same and is sent again: an event is applied once.
        Raises DependencyUnavailable when the broker stays away.
        """
        deadline = time.monotonic() + self._patience_seconds
        for letter in letters:
            while True:
                try:
                    send(self.broker, self._topic, [letter])
                    break
                except DependencyUnavailable:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_RETRY_SECONDS)
            time.sleep(_GAP_SECONDS)


def unapplied(collection: str, operations: Sequence[Operation], pool: Pool) -> list[str]:
    """Keys of documents that the events of these operations have not changed yet."""
    wanted = {key: operation for operation in operations if operation.way == "event" for key in operation.changes}
    if not wanted:
        return []
    collection_id = PostgresDocumentStore(pool).collection(collection).id
    registers = PostgresEventLog(pool).registers(collection_id, wanted)
    return [key for key, operation in wanted.items() if not _is_applied(operation, key, registers.get(key))]


def _is_applied(operation: Operation, key: str, found: Registers | None) -> bool:
    if found is None:
        return False
    content = found.content_version >= version(operation) or operation.action == "access"
    access = found.access_version >= version(operation) or operation.changes[key] is None
    return content and access
