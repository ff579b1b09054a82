"""Running a stream: batch after batch until there is nothing left (`--once`) or somebody stops it.

Each batch is one line: {"batch": {...}}. A signal ends the stream after the batch that is under way. A server that
does not answer is waited for, unless `--once`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from kgqa.adapters.kafka.topics import ensure_topic
from kgqa.adapters.lakes.folder import FolderLake, local_path
from kgqa.bootstrap import Services
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import Conflict, InvalidInput, KgqaError, NotFound
from kgqa.logs import logger
from kgqa.settings import Settings
from spark.failures import task_errors
from spark.jobs import stream_kafka
from spark.jobs.apply_changes import Applier, warm_workers
from spark.jobs.list_sources import read_access
from spark.jobs.stream_folder import Folder, Watch
from spark.jobs.stream_kafka import BatchReport, Topic
from spark.overtaking import FolderOvertaker, TopicOvertaker, overtaking

#: a batch that is under way when the stream is stopped may take so long to end
_LAST_BATCH_SECONDS = 12
#: between tries while a server does not answer
_RETRY_SECONDS = (1, 2, 5, 10, 30)
#: listings in which the files of `--once` may still change
_ROUNDS = 10

log = logger(__name__)


class Stopped(Exception):
    """The stream was asked to stop before this batch began."""


class Stream:
    """What the streams share: saying what batches did, and when to stop."""

    def __init__(self, name: str, show: Callable[[Mapping[str, object]], None]) -> None:
        self.stopping = threading.Event()
        self.batches = 0
        self.outcomes: dict[str, int] = {}
        self._name = name
        self._show = show
        self._working = threading.Lock()
        self._saying = threading.Lock()

    @contextmanager
    def signals(self) -> Generator[None]:
        """SIGTERM and Ctrl-C stop the stream."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        for number in before:
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def batch(self) -> Generator[None]:
        """One batch is under way. Raises Stopped when the stream is stopping."""
        with self._working:
            if self.stopping.is_set():
                raise Stopped
            yield

    def wait_for_batch(self) -> None:
        """Let the batch that is under way end."""
        if self._working.acquire(timeout=_LAST_BATCH_SECONDS):
            self._working.release()

    def say(self, report: BatchReport, seconds: Mapping[str, float], total: float) -> None:
        """One line for a batch."""
        found = asdict(report)
        line = {
            "stream": self._name,
            "number": found["number"],
            "ahead": found["is_ahead"],
            "events": found["events"],
            "outcomes": found["outcomes"],
            "deadLetters": found["dead_letters"],
            "chunksAdded": found["chunks_added"],
            "reasons": [list(reason) for reason in found["reasons"]],
            "lagSeconds": None if report.lag_seconds is None else round(report.lag_seconds, 3),
            "seconds": {**{name: round(value, 3) for name, value in seconds.items()}, "all": round(total, 3)},
        }
        with self._saying:
            self.batches += 1
            for outcome, count in report.outcomes.items():
                self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
            self._show({"batch": line})

    def warn(self, problem: KgqaError) -> None:
        """The stream goes on, but somebody should know."""
        self._show({"warning": {"stream": self._name, "code": problem.code, "message": str(problem)}})

    def report(self) -> dict[str, object]:
        """What the stream did."""
        return {"stream": self._name, "batches": self.batches, "outcomes": self.outcomes}


def run_kafka(
    session: SparkSession,
    services: Services,
    endpoints: Endpoints,
    settings: Settings,
    options: argparse.Namespace,
    show: Callable[[Mapping[str, object]], None],
) -> dict[str, object]:
    """Stream a topic."""
    broker = Stack(settings).broker()
    topic = Topic(
        broker=broker, name=options.topic, dead_letters=options.dead_letter or f"{options.topic}.dead-letters"
    )
    if topic.dead_letters == topic.name:
        raise InvalidInput("A topic cannot be its own dead-letter topic.", hint="name another one with --dead-letter.")
    ensure_topic(broker, topic.name, make=not settings.kafka.bootstrap_servers)
    ensure_topic(broker, topic.dead_letters, make=True)
    checkpoint = checkpoint_folder(settings, topic.name)
    if options.from_start:
        shutil.rmtree(checkpoint, ignore_errors=True)
    stream = Stream(topic.stream, show)
    roots = [Path(root).expanduser() for root in settings.stream.roots.split(":") if root]
    attempt = -1
    ahead = TopicOvertaker(services, topic, stream.say)
    wanted = not options.once
    with (
        stream.signals(),
        overtaking(ahead.follow, wanted=wanted),
        warm_workers(session, settings, endpoints, wanted=wanted),
    ):
        while not stream.stopping.is_set():
            attempt += 1
            before = stream.batches
            try:
                _run_query(session, services, endpoints, settings, topic, checkpoint, roots, stream, once=options.once)
            except KgqaError as problem:
                if options.once or not (problem.retryable or isinstance(problem, Conflict)):
                    raise
                stream.warn(problem)
                attempt = attempt if stream.batches == before else 0
                stream.stopping.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
            if options.once:
                break
    return stream.report()


def _run_query(
    session: SparkSession,
    services: Services,
    endpoints: Endpoints,
    settings: Settings,
    topic: Topic,
    checkpoint: Path,
    roots: list[Path],
    stream: Stream,
    *,
    once: bool,
) -> None:
    """One query from its checkpoint until it ends."""
    applier: Applier | None = None

    def apply(frame: DataFrame, number: int) -> None:
        nonlocal applier
        if applier is None:
            applier = Applier(session, services, endpoints, settings, query_id(checkpoint))
        with stream.batch():
            start = time.perf_counter()
            report = stream_kafka.apply_batch(applier, topic, roots, frame, number)
            stream.say(report, applier.seconds, time.perf_counter() - start)

    with task_errors():
        query = stream_kafka.start(
            session, topic, checkpoint, batch_events=settings.stream.batch_documents, once=once, apply=apply
        )
        while query.isActive and not stream.stopping.wait(0.1):
            pass
        if stream.stopping.is_set():
            stream.wait_for_batch()
            query.stop()
        elif problem := query.exception():
            raise problem


def run_folder(
    session: SparkSession,
    services: Services,
    endpoints: Endpoints,
    settings: Settings,
    options: argparse.Namespace,
    show: Callable[[Mapping[str, object]], None],
) -> dict[str, object]:
    """Stream a folder."""
    folder = watched_folder(options)
    applier = Applier(session, services, endpoints, settings, folder.query)
    stream = Stream(folder.stream, show)
    interval = settings.stream.interval_seconds
    watch: Watch | None = None
    rounds = attempt = 0
    ahead = FolderOvertaker(services, folder, stream.say)
    wanted = not options.once
    with (
        stream.signals(),
        overtaking(ahead.follow, wanted=wanted),
        warm_workers(session, settings, endpoints, wanted=wanted),
    ):
        while not stream.stopping.is_set():
            start = time.perf_counter()
            waiting = 0
            try:
                watch = watch or Watch(applier, folder)
                if ahead.has_deleted.is_set():
                    ahead.has_deleted.clear()
                    watch.recall()
                    watch.settle()
                found = watch.look()
                waiting = found.waiting
                if found.changed or found.gone:
                    with stream.batch(), task_errors():
                        report = watch.apply(found)
                        stream.say(report, applier.seconds, time.perf_counter() - start)
                        attempt = rounds = 0
                        continue
            except KgqaError as problem:
                if options.once or not (problem.retryable or isinstance(problem, NotFound | InvalidInput)):
                    raise
                if attempt == 0:
                    stream.warn(problem)
                watch = None  # what the record holds is looked up again
                stream.stopping.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
                attempt += 1
                continue
            rounds += 1
            if options.once and (not waiting or rounds > _ROUNDS):
                return {**stream.report(), "waiting": waiting}
            # a large folder is listed less often
            stream.stopping.wait(max(interval, 4 * (time.perf_counter() - start)))
    return stream.report()


def watched_folder(options: argparse.Namespace) -> Folder:
    """The folder of a job, with what it is about to read checked. Raises NotFound or InvalidInput."""
    path = local_path(options.source)
    if not path.is_dir():
        raise InvalidInput(f"{path.name!r} is no folder.", hint="name the folder that the documents are in.")
    read_access(FolderLake(path=path), options.access)
    return Folder(
        path=path,
        collection=options.collection,
        access=local_path(options.access).as_uri() if options.access else None,
    )


def checkpoint_folder(settings: Settings, topic: str) -> Path:
    """Where Spark keeps which offsets were read."""
    digest = sha256(f"{settings.kafka.bootstrap_servers or 'embedded'}\0{topic}".encode()).hexdigest()
    return settings.home / "streams" / digest[:16]


def query_id(checkpoint: Path) -> str:
    """Spark's name of the query: another one after its checkpoint is gone and it starts from the beginning."""
    return str(json.loads((checkpoint / "metadata").read_text(encoding="utf-8"))["id"])


def write_line(message: Mapping[str, object]) -> None:
    """A message as a line of standard output."""
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()
