"""What a stream takes away does not wait for the batch that it belongs to.

A document that is deleted, by an event or by a file that leaves its folder, is hidden at once, and another access list
is published, beside the batch that is under way: readers see it go in a fraction of a second. Nothing depends on it.
Events may take effect in any order and twice (kgqa.ingest.events), so the batch finds them applied; what is missed
here, while a server is away or before the stream runs, the batch does. Removing what is hidden, the graph and entities
follow with the batch.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from watchfiles import Change, watch

from kgqa.adapters.kafka.topics import Arrival, arrivals
from kgqa.adapters.postgres.event_log import Batch
from kgqa.bootstrap import Services
from kgqa.errors import Conflict, InvalidInput, KgqaError
from kgqa.ingest.events import Changes, Event, Operation, event_of, event_time, read_message, reduce_events
from kgqa.logs import logger
from spark.jobs.list_sources import AccessList
from spark.jobs.stream_folder import EMPTIED, Folder, is_gone, scan
from spark.jobs.stream_kafka import ATTEMPTS, BatchReport, Topic

#: is told what was published: (report, seconds by stage, seconds in all)
Say = Callable[[BatchReport, Mapping[str, float], float], None]

#: a larger message brings a document; it is not even parsed here
MOST_BYTES = 16_384
#: a file that is being replaced is gone for a moment
_REPLACED_SECONDS = 0.2
#: until the next try while a server does not answer
_RETRY_SECONDS = 5.0
_LAST_SECONDS = 5.0

log = logger(__name__)


@contextmanager
def overtaking(follow: Callable[[threading.Event], None], *, wanted: bool) -> Generator[None]:
    """Follow a source in a thread of its own while the block runs; a server that is away is tried again."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            try:
                follow(stopping)
            except KgqaError as problem:
                log.warning("stream.overtaking.failed", reason=problem.message)
                stopping.wait(_RETRY_SECONDS)

    thread = threading.Thread(target=run, name="overtaking", daemon=True)
    if wanted:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        if wanted:
            thread.join(_LAST_SECONDS)


class Overtaker:
    """Publishes what collections lose; its batches have a name and numbers of their own."""

    def __init__(self, services: Services, stream: str, say: Say) -> None:
        self._services = services
        self._stream = stream
        self._say = say
        self._query = f"{stream}:overtaking"

    def collection_id(self, collection: str) -> int:
        """Id of the collection, made if missing."""
        return self._services.store.collection(collection).id

    def publish(
        self,
        collection: str,
        changes: Changes,
        *,
        lag_seconds: float | None,
        folder: str = "",
        gone: Sequence[str] = (),
    ) -> None:
        """Hide what is deleted and change readers, in one transaction. Raises Conflict: somebody else was faster."""
        start = time.perf_counter()
        events = self._services.events
        batch = Batch(
            query=self._query,
            number=events.last_batch(self._query) + 1,
            collection_id=self.collection_id(collection),
            stream=self._stream,
            outcomes=changes.outcomes,
            lag_seconds=lag_seconds,
            registers=changes.registers,
            folder=folder,
            gone=gone,
        )
        events.take_away(collection, batch, deletions=changes.deletions, access=changes.access)
        outcomes = dict(changes.outcomes)
        report = BatchReport(
            number=batch.number,
            events=sum(outcomes.values()),
            outcomes=outcomes,
            lag_seconds=lag_seconds,
            is_ahead=True,
        )
        seconds = time.perf_counter() - start
        self._say(report, {"publish": seconds}, seconds)


class TopicOvertaker:
    """Deletions and access lists of a topic."""

    def __init__(self, services: Services, topic: Topic, say: Say) -> None:
        self._services = services
        self._topic = topic
        self._overtaker = Overtaker(services, topic.stream, say)

    def follow(self, stopping: threading.Event) -> None:
        """Until the stream stops. Raises DependencyUnavailable."""
        for messages in arrivals(self._topic.broker, self._topic.name, stopping):
            events: dict[str, list[tuple[Event, float]]] = {}
            for message in messages:
                if (taken := _taking_away(message)) is not None:
                    collection, event, happened = taken
                    events.setdefault(collection, []).append((event, happened))
            for collection, found in events.items():
                # a deletion is hidden at once, another access list is published after who publishes now
                leaving = {event.key for event, _ in found if event.operation is Operation.DELETE}
                for part in (True, False):
                    self._apply(collection, [pair for pair in found if (pair[0].key in leaving) is part])

    def _apply(self, collection: str, events: Sequence[tuple[Event, float]]) -> None:
        if not events:
            return
        collection_id = self._overtaker.collection_id(collection)
        for _ in range(ATTEMPTS):
            known = self._services.events.registers(collection_id, [event.key for event, _ in events])
            changes = reduce_events([event for event, _ in events], known)
            if not changes.registers:
                return  # the batch was faster
            times = [happened for event, happened in events if event.key in changes.registers]
            try:
                self._overtaker.publish(collection, changes, lag_seconds=max(0.0, time.time() - min(times)))
                return
            except Conflict:
                continue
        log.info("stream.overtaking.left", collection=collection, events=len(events))


def _taking_away(message: Arrival) -> tuple[str, Event, float] | None:
    """Collection, event and when it happened, of a deletion or an access list; None: the batch sees to it."""
    if len(message.value) > MOST_BYTES:
        return None
    try:
        read = read_message(message.value)
    except InvalidInput:
        return None
    event = event_of(read, (message.partition, message.offset))
    if event.operation is Operation.UPSERT:
        return None
    happened = event_time(read)
    return read["collection"], event, happened.timestamp() if happened else message.seconds


class FolderOvertaker:
    """Files that leave a watched folder, as the file system says it; where it says nothing, the listing finds them."""

    def __init__(self, services: Services, folder: Folder, say: Say) -> None:
        self._services = services
        self._folder = folder
        self._overtaker = Overtaker(services, folder.stream, say)
        #: set when documents were deleted here: what was known of the folder is no longer so
        self.has_deleted = threading.Event()

    def follow(self, stopping: threading.Event) -> None:
        """Until the stream stops. Raises DependencyUnavailable."""
        folder = self._folder
        try:
            for changes in watch(
                folder.path, watch_filter=None, debounce=100, step=20, stop_event=stopping, raise_interrupt=False,
                ignore_permission_denied=True,
            ):  # fmt: skip
                if not folder.path.is_dir():
                    return  # it is watched again when it is back
                paths = [path for change, path in changes if change is Change.deleted]
                if paths:
                    stopping.wait(_REPLACED_SECONDS)
                    self.delete(paths)
        except OSError as problem:
            # no such folder now, or a file system that tells nothing
            log.info("stream.overtaking.unwatched", reason=problem.strerror)
            stopping.wait(_RETRY_SECONDS)

    def delete(self, paths: Sequence[str]) -> None:
        """Delete the documents of files that were at, or below, these paths and are gone."""
        folder = self._folder
        names = [os.path.relpath(path, folder.path) for path in paths]
        collection_id = self._overtaker.collection_id(folder.collection)
        known = self._services.events.watched(collection_id, folder.uri, below=names)
        gone = [key for key, file in sorted(known.items()) if is_gone(folder.path, file)]
        if not gone or not folder.path.is_dir() or (len(gone) > EMPTIED and not scan(folder.path, AccessList())):
            return
        changes = Changes(deletions=tuple(gone), outcomes={"delete": len(gone)})
        self._overtaker.publish(folder.collection, changes, lag_seconds=None, folder=folder.uri, gone=gone)
        self.has_deleted.set()
