"""Playing a program against real servers, and comparing what is left with a fresh ingest of the final lake.

Every operation is a job in the record, done by a real worker, or an event of a topic, which a real stream applies.
Meanwhile the worker, the stream's driver or a server is killed with SIGKILL and started again. What is done is written
down after each round: a run that was cut off goes on there.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import psutil

from kgqa.adapters.kafka.topics import Letter
from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.content import Content, differences, record_content
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.migrate import migrate
from kgqa.adapters.postgres.pool import Pool, connected, open_pool
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.jars import ensure_jars
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import ConfigurationError, Conflict, DependencyUnavailable, InvalidInput, KgqaError
from kgqa.ingest.events import Operation as EventOperation
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.answer import Caller
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from kgqa.soak.children import Child, kill_family, running
from kgqa.soak.events import Journal, uri
from kgqa.soak.feed import Feed, unapplied
from kgqa.soak.program import Operation, Page, Round, rounds

COLLECTION = "soak"
SUBJECT = "user:soak"
_FRESH = "kgqa_soak_fresh"
_POLL_SECONDS = 0.1
#: a job that is not done by then, or an event that is not applied, never will be
PATIENCE_SECONDS = 600
_ENDED = ("failed", "dead", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is; what `kgqa bench soak` prints a line of."""

    operations: int
    documents: int
    kills: Mapping[str, int]
    seconds: float


class Soak:
    """One program on the servers of one home."""

    def __init__(self, settings: Settings, endpoints: Endpoints, *, seed: int, kill_share: float = 0.4) -> None:
        elsewhere = (settings.neo4j.url, settings.redis.url.get_secret_value(), settings.kafka.bootstrap_servers)
        if endpoints.postgres_superuser_url is None or any(elsewhere):
            raise ConfigurationError(
                "A soak run kills servers, so it needs embedded ones.",
                hint="unset KGQA_POSTGRES__URL, KGQA_NEO4J__URL, KGQA_REDIS__URL and KGQA_KAFKA__BOOTSTRAP_SERVERS.",
            )
        self._settings = settings
        self._endpoints = endpoints
        self._superuser_url = endpoints.postgres_superuser_url
        self._seed = seed
        self._kill_share = kill_share
        self._state = settings.home / f"soak-{seed}.json"
        self._topic = f"soak-{seed}"
        #: what this home has played of the program, and what was killed meanwhile
        self.done, self.kills = self._read_state()

    def play(self, operations: int) -> Iterator[Progress]:
        """Play the program up to so many operations, from where the last run of this seed stopped.

        Raises Conflict when a job fails for good or the stream ends: every change of a program can be made.
        """
        started = time.monotonic()
        settings, journal = self._settings, Journal(COLLECTION)
        for engine in ("spark", "spark-kafka"):
            ensure_jars(engine, settings.cache, repository=settings.maven_repository)
        feed = Feed(Stack(settings).broker(), self._topic, patience_seconds=PATIENCE_SECONDS)
        stream = ["stream-kafka", "--topic", self._topic, "--progress", "json"]
        with (
            open_pool(self._endpoints.postgres_pipeline_url, 2) as pool,
            running("api.worker", [], settings, log="worker.log") as worker,
            running("spark", stream, settings, log="stream.log") as driver,
        ):
            stage = Stage(pool=pool, feed=feed, children={"worker": worker, "driver": driver})
            for each in rounds(self._seed, operations, kill_share=self._kill_share):
                last = each.operations[-1].number + 1
                letters = journal.letters(each)
                if last <= self.done:
                    continue
                self._play(each, letters, stage)
                self.done = last
                self._state.write_text(json.dumps({"operations": last, "kills": self.kills}), encoding="utf-8")
                seconds = time.monotonic() - started
                yield Progress(operations=last, documents=len(each.lake), kills=dict(self.kills), seconds=seconds)
            stage.wait("names to be resolved", lambda: PostgresDocumentStore(pool).count_waiting(COLLECTION)[0])

    def problems(self, operations: int) -> list[str]:
        """How the stores differ from a fresh ingest of the lake after so many operations; empty where they do not."""
        lake: Mapping[str, Page] = {}
        journal = Journal(COLLECTION)
        for each in rounds(self._seed, operations, kill_share=self._kill_share):
            lake = each.lake
            journal.letters(each)
        with build_services(self._settings, self._endpoints) as services:
            while services.graph.project():
                pass
            generation = services.store.generation().id
            found = [f"check: {f.what} {f.rows}" for _, findings in services.store.check(generation) for f in findings]
            if graph := services.graph.compare(generation):
                found.append(f"graph: {graph.summary()}")
            found += self._miscounted(journal.events, services)
            return found + differences(self._fresh(lake, services), self._content())

    def _miscounted(self, events: int, services: Services) -> list[str]:
        """Whether every event was usable and took effect once, however often it was sent and its batch was tried."""
        mine = f"kafka:{self._topic}"
        counts = {outcome: n for (stream, outcome), (n, _) in services.events.totals().items() if stream == mine}
        applied = sum(counts.get(outcome, 0) for outcome in EventOperation)
        found = [f"events: {events} were sent, {applied} took effect"] if applied != events else []
        return found + [f"events: {counts[name]} {name}" for name in ("rejected", "failed") if counts.get(name)]

    def _read_state(self) -> tuple[int, dict[str, int]]:
        if not self._state.exists():
            return 0, {}
        state = cast("Mapping[str, object]", json.loads(self._state.read_text(encoding="utf-8")))
        return cast("int", state["operations"]), dict(cast("Mapping[str, int]", state["kills"]))

    def _play(self, each: Round, letters: list[Letter], stage: Stage) -> None:
        jobs = PostgresJobQueue(stage.pool)
        waiting = [job for o in each.operations if o.way == "job" for job in self._enqueue(o, jobs)]
        with ThreadPoolExecutor(max_workers=1) as sender:
            sent = sender.submit(stage.feed.send, letters)
            if each.fault:
                time.sleep(each.delay)
                self._kill(each.fault, stage)
            sent.result()
        stage.wait("jobs", lambda: _undone(waiting, jobs))
        stage.wait("events", lambda: unapplied(COLLECTION, each.operations, stage.pool))

    def _enqueue(self, operation: Operation, jobs: PostgresJobQueue) -> list[int]:
        """A job for each document that the operation changes. Enqueued twice, a job is the same one."""
        numbers: list[int] = []
        for key, page in operation.changes.items():
            payload: dict[str, object] = {"target": f"{COLLECTION}/{key}", "collection": COLLECTION, "key": key}
            if page is not None:
                content = base64.b64encode(page.text.encode()).decode()
                payload |= {"content": content, "mediaType": None, "metadata": {}, "principals": list(page.principals)}
            kind = "delete_document" if page is None else "ingest_document"
            name = f"soak:{self._seed}:{operation.number}:{key}"
            numbers.append(jobs.enqueue(kind, payload, key=name, requested_by=SUBJECT).id)
        return numbers

    def _kill(self, target: str, stage: Stage) -> None:
        self.kills[target] = self.kills.get(target, 0) + 1
        if target in stage.children:
            stage.children[target].kill()
            return
        stack = Stack(self._settings)
        for server in stack.status().servers:
            if server.name == target and server.pid is not None:
                kill_family(psutil.Process(server.pid))
        if (stack.up(), stack.broker()) != (self._endpoints, stage.feed.broker):
            raise Conflict("The servers came back at other addresses.", hint="start again in a new home.")

    def _content(self) -> Content:
        with open_pool(self._endpoints.postgres_pipeline_url, 1) as pool, connected(pool) as connection:
            return record_content(connection)

    def _fresh(self, lake: Mapping[str, Page], services: Services) -> Content:
        """What a record says that only ever saw this lake, ingested at once."""
        with suppress(KgqaError):
            drop_database(self._superuser_url, _FRESH)
        create_database(self._superuser_url, _FRESH)
        try:
            migrate(database_url(self._endpoints.postgres_owner_url, _FRESH))
            raws = [
                RawDocument(
                    collection=COLLECTION, key=key, uri=uri(COLLECTION, key), data=page.text.encode(),
                    principals=page.principals,
                )
                for key, page in sorted(lake.items())
            ]  # fmt: skip
            deltas = ingest_documents(raws, services.ingest_parts(COLLECTION))
            url = database_url(self._endpoints.postgres_pipeline_url, _FRESH)
            with open_pool(url, 2) as pool:
                PostgresDocumentStore(pool).apply_delta(IngestDelta(collection=COLLECTION, upserts=tuple(deltas)))
                with connected(pool) as connection:
                    return record_content(connection)
        finally:
            drop_database(self._superuser_url, _FRESH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a program is played on."""

    pool: Pool
    feed: Feed
    #: by the name of the fault that kills them
    children: Mapping[str, Child]

    def wait(self, what: str, left: Callable[[], object]) -> None:
        """Until nothing is left to wait for, through outages. Raises Conflict when that takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        remaining: object = what
        while remaining:
            for child in self.children.values():
                child.keep()
            with suppress(DependencyUnavailable):
                remaining = left()
            if remaining and time.monotonic() > deadline:
                raise Conflict(
                    f"Waited {PATIENCE_SECONDS} s for {what}: {remaining}.", hint="see the logs in the home."
                )
            time.sleep(_POLL_SECONDS if remaining else 0)


def _undone(numbers: list[int], jobs: PostgresJobQueue) -> list[int]:
    """Those of the jobs that are not done. Raises Conflict when one never will be."""
    caller = Caller(subject=SUBJECT, principals=(SUBJECT,))
    found = [job for number in numbers if (job := jobs.job(caller, number)) is not None]
    if ended := next((job for job in found if job.state in _ENDED), None):
        raise Conflict(f"Job {ended.id} ended as {ended.state}: {ended.error}")
    return [job.id for job in found if job.state != "done"]


def comparisons(done: int, operations: int, every: int) -> list[int]:
    """After which operations to compare, where so many are done. Raises InvalidInput."""
    if done > operations:
        raise InvalidInput(
            f"This home has played {done} operations of this program.", hint="ask for more, or use a new home."
        )
    return [bound for bound in (*range(every, operations, every), operations) if bound >= done]


def play(soak: Soak, operations: int, every: int, report: Callable[[Progress], None]) -> list[str]:
    """Play to the end, comparing after every so many operations; the first differences found, or none.

    Raises InvalidInput when more than that was played in this home: what the lake was before cannot be compared.
    """
    for bound in comparisons(soak.done, operations, every):
        for progress in soak.play(bound):
            report(progress)
        if found := soak.problems(bound):
            return [f"after {bound} operations: {line}" for line in found]
    return []
