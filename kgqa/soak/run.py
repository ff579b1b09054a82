"""Playing a program against real servers, and comparing what is left with a fresh ingest of the final lake.

Every operation is a job in the record, done by a real worker. While jobs run, the worker or a server is killed with
SIGKILL and started again. What is done is written down after each round: a run that was cut off goes on there.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

import psutil

from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.content import Content, differences, record_content
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.migrate import migrate
from kgqa.adapters.postgres.pool import connected, open_pool
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import ConfigurationError, Conflict, DependencyUnavailable, KgqaError
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.answer import Caller
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.processes import start_module, stop
from kgqa.settings import Settings
from kgqa.soak.program import Operation, Page, Round, rounds

COLLECTION = "soak"
SUBJECT = "user:soak"
_FRESH = "kgqa_soak_fresh"
_POLL_SECONDS = 0.1
#: a job that is not done by then never will be
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
        if endpoints.postgres_superuser_url is None or settings.neo4j.url or settings.redis.url.get_secret_value():
            raise ConfigurationError(
                "A soak run kills servers, so it needs embedded ones.",
                hint="unset KGQA_POSTGRES__URL, KGQA_NEO4J__URL and KGQA_REDIS__URL.",
            )
        self._settings = settings
        self._endpoints = endpoints
        self._superuser_url = endpoints.postgres_superuser_url
        self._seed = seed
        self._kill_share = kill_share
        self._state = settings.home / f"soak-{seed}.json"
        self.kills: dict[str, int] = {}

    def play(self, operations: int) -> Iterator[Progress]:
        """Play the program up to so many operations, from where the last run of this seed stopped.

        Raises Conflict when a job fails for good: every job of a program can be done.
        """
        started = time.monotonic()
        done = self._done()
        with self._worker() as worker, open_pool(self._endpoints.postgres_pipeline_url, 2) as pool:
            jobs = PostgresJobQueue(pool)
            for each in rounds(self._seed, operations, kill_share=self._kill_share):
                last = each.operations[-1].number + 1
                if last <= done:
                    continue
                self._play(each, worker, jobs)
                self._state.write_text(json.dumps({"operations": last, "kills": self.kills}), encoding="utf-8")
                seconds = time.monotonic() - started
                yield Progress(operations=last, documents=len(each.lake), kills=dict(self.kills), seconds=seconds)

    def problems(self, operations: int) -> list[str]:
        """How the stores differ from a fresh ingest of the lake after so many operations; empty where they do not."""
        lake: Mapping[str, Page] = {}
        for each in rounds(self._seed, operations, kill_share=self._kill_share):
            lake = each.lake
        with build_services(self._settings, self._endpoints) as services:
            while services.graph.project():
                pass
            generation = services.store.generation().id
            found = [f"check: {f.what} {f.rows}" for _, findings in services.store.check(generation) for f in findings]
            if graph := services.graph.compare(generation):
                found.append(f"graph: {graph.summary()}")
            return found + differences(self._fresh(lake, services), self._content())

    def _done(self) -> int:
        if not self._state.exists():
            return 0
        state = cast("Mapping[str, object]", json.loads(self._state.read_text(encoding="utf-8")))
        self.kills = dict(cast("Mapping[str, int]", state["kills"]))
        return cast("int", state["operations"])

    def _play(self, each: Round, worker: _Worker, jobs: PostgresJobQueue) -> None:
        waiting = [job for operation in each.operations for job in self._enqueue(operation, jobs)]
        if each.fault:
            time.sleep(each.delay)
            self._kill(each.fault, worker)
        _wait(waiting, jobs)

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

    def _kill(self, target: str, worker: _Worker) -> None:
        self.kills[target] = self.kills.get(target, 0) + 1
        if target == "worker":
            worker.kill()
            worker.start()
            return
        for server in Stack(self._settings).status().servers:
            if server.name == target and server.pid is not None:
                _kill(psutil.Process(server.pid))
        if Stack(self._settings).up() != self._endpoints:
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
                    collection=COLLECTION, key=key, uri=f"upload://{COLLECTION}/{key}", data=page.text.encode(),
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

    @contextmanager
    def _worker(self) -> Generator[_Worker]:
        worker = _Worker(self._settings)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()


class _Worker:
    """The worker process, which dies and is started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self) -> None:
        log = self._settings.home / "logs" / "worker.log"
        self._child = start_module("api.worker", [], self._settings, log=log)

    def kill(self) -> None:
        """SIGKILL the supervisor and everything that it started."""
        _kill(psutil.Process(self._child.pid))
        self._child.wait()

    def stop(self) -> None:
        stop(self._child)


def _wait(numbers: Sequence[int], jobs: PostgresJobQueue) -> None:
    """Until all these jobs are done, through outages."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    caller = Caller(subject=SUBJECT, principals=(SUBJECT,))
    waiting = list(numbers)
    while waiting:
        with suppress(DependencyUnavailable):
            found = [job for number in waiting if (job := jobs.job(caller, number)) is not None]
            if ended := next((job for job in found if job.state in _ENDED), None):
                raise Conflict(f"Job {ended.id} ended as {ended.state}: {ended.error}")
            waiting = [job.id for job in found if job.state != "done"]
        if time.monotonic() > deadline:
            raise Conflict(f"Jobs {waiting} were not done in {PATIENCE_SECONDS} s.", hint="see logs/worker.log.")
        time.sleep(_POLL_SECONDS)


def _kill(process: psutil.Process) -> None:
    family = [process, *process.children(recursive=True)]
    for each in family:
        with suppress(psutil.NoSuchProcess):
            os.kill(each.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=60)


def play(soak: Soak, operations: int, every: int, report: Callable[[Progress], None]) -> list[str]:
    """Play to the end, comparing after every so many operations; the first differences found, or none."""
    for bound in [*range(every, operations, every), operations]:
        for progress in soak.play(bound):
            report(progress)
        if found := soak.problems(bound):
            return [f"after {bound} operations: {line}" for line in found]
    return []
