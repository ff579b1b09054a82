"""A batch of changes of one collection into the record and the graph, while models stay loaded: what streams share.

begin     deletions and changed access lists, staged by statements
read      new and changed documents: parsed, embedded and staged by Spark tasks
publish   one transaction: the run becomes visible, registers move, the batch is recorded; answers see it now
project   Neo4j, brought up to the record
resolve   entities of the touched names, when the text can be found already
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn
from pyspark.sql.types import LongType, StructField, StructType

from kgqa.adapters.postgres.event_log import Batch
from kgqa.bootstrap import Services
from kgqa.embedded.stack import Endpoints
from kgqa.errors import Conflict, DependencyUnavailable, KgqaError
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.pipeline import IngestParts, ReadDocument, enrich, stage_versions
from kgqa.model.delta import DeltaReport
from kgqa.model.document import Outcome, RawDocument
from kgqa.settings import Settings
from spark.failures import task_errors
from spark.jobs import project_graph, read_documents, resolve_entities
from spark.jobs.list_sources import ToRaw, raw_document
from spark.progress import Progress, Stage
from spark.session import own_workers
from spark.worker import TaskContext, warm_models

#: Spark ends Python workers, and the models in them, when none has worked for a minute
_WARM_SECONDS = 20
#: documents from which a batch is read by all cores
_MANY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What changes in one collection."""

    collection: str
    #: rows of documents to be read; None: there are none
    sources: DataFrame | None = None
    #: their keys, with who may read them
    upserts: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    deletions: Sequence[str] = ()
    access: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    to_raw: ToRaw = raw_document

    def __bool__(self) -> bool:
        return bool(self.upserts or self.deletions or self.access)


class Applier:
    """Applies batches of one stream, one after the other."""

    def __init__(
        self, session: SparkSession, services: Services, endpoints: Endpoints, settings: Settings, query: str
    ) -> None:
        self.session = session
        self.services = services
        self.settings = settings
        self.query = query
        #: seconds by stage of the batch that is under way
        self.seconds: dict[str, float] = {}
        self._endpoints = endpoints
        self._parts: dict[str, tuple[object, IngestParts]] = {}
        self._generation: int | None = None

    @contextmanager
    def timed(self, stage: str) -> Generator[Stage]:
        """Take the seconds of a stage."""
        start = time.perf_counter()
        try:
            yield Stage(stage, None, Progress("none"))
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start

    def collection_id(self, collection: str) -> int:
        """Id of the collection, made if missing."""
        return self.services.store.collection(collection).id

    def context(self, collection: str, run: int = 0) -> TaskContext:
        """What tasks need."""
        generation = self._generation if run else None
        return TaskContext(
            settings=self.settings, endpoints=self._endpoints, collection=collection, run=run, generation=generation
        )

    def parts(self, collection: str) -> IngestParts:
        """The models and options that ingest documents of this collection."""
        dictionary = self.services.store.collection(collection).dictionary
        known = self._parts.get(collection)
        key = (self._generation, dictionary, self.services.store.translate_to(collection))
        if known is None or known[0] != key:
            self._parts[collection] = known = (key, self.services.ingest_parts(collection))
        return known[1]

    def open_run(self, collection: str) -> int:
        """The run of the batch that is under way: a run of this stream alone, resumed after an interruption."""
        self._generation = self.services.store.generation().id
        options = {**stage_versions(self.parts(collection)), "stream": self.query}
        return self.services.store.start_run(collection, options, resume=True)

    def stage(self, run: int, work: Work) -> None:
        """Make the run hold the work and nothing else."""
        with self.timed("begin"):
            self.services.events.begin(run, upserts=work.upserts, deletions=work.deletions, access=work.access)
        if work.sources is not None and work.upserts:
            with self.timed("read") as stage:
                try:
                    self._read(run, work, work.sources, stage)
                except DependencyUnavailable as problem:
                    if not ended_worker(problem):
                        raise
                    self._read_one_by_one(run, work, work.sources, stage)

    def publish(self, run: int | None, batch: Batch) -> DeltaReport:
        """Make it visible and record the batch."""
        with self.timed("publish"):
            return self.services.events.publish(run, batch)

    def settle(self, collection: str) -> None:
        """What may come after answers see the text: what is hidden goes, then the graph, then entities in both."""
        with self.timed("remove"):
            self.services.store.remove_hidden(collection)
        self._project()
        with self.timed("resolve"):
            try:
                resolve_entities.refresh(self.session, self.services.store, collection, Progress("none"))
            except Conflict:  # others write all the time: in memory and under the collection's lock nobody does
                self.services.store.resolve(collection)
        self._project()

    def _read(self, run: int, work: Work, sources: DataFrame, stage: Stage) -> None:
        dictionary = Dictionary.from_json(self.services.store.collection(work.collection).dictionary)
        cores = int(self.session.sparkContext.defaultParallelism)
        read_documents.run(
            sources.repartition(cores, "key") if len(work.upserts) >= _MANY else sources.coalesce(1),
            self.context(work.collection, run),
            options=self.parts(work.collection).options,
            dictionary=dictionary,
            ruler_folder=None,  # building Spark NLP's matcher costs more than a batch; spaCy's finds the same
            stage=stage,
            to_raw=work.to_raw,
        )

    def _read_one_by_one(self, run: int, work: Work, sources: DataFrame, stage: Stage) -> None:
        """Find the document that ends the process which reads it; it becomes a failed one, the others are read."""
        for key, principals in work.upserts.items():
            try:
                self._read(run, work, sources.where(fn.col("key") == key), stage)
            except DependencyUnavailable as problem:
                if not ended_worker(problem):
                    raise
                raw = RawDocument(collection=work.collection, key=key, uri="", data=b"", principals=tuple(principals))
                reason = "Reading it ended the process that read it."
                reading = ReadDocument(raw=raw, document=None, outcome=Outcome.FAILED, reason=reason)
                self.services.store.stage(run, enrich([reading], self.parts(work.collection)))

    def _project(self) -> None:
        with self.timed("project") as stage:
            project_graph.run(self.services.graph, stage)


def ended_worker(problem: DependencyUnavailable) -> bool:
    """Whether a task failed because its process ended, not because a server was away."""
    return "exited unexpectedly" in str(problem.__cause__)


@contextmanager
def warm_workers(
    session: SparkSession, settings: Settings, endpoints: Endpoints, *, wanted: bool = True
) -> Generator[None]:
    """Load the models of all workers now, and keep them loaded while the block runs."""
    context = TaskContext(settings=settings, endpoints=endpoints, collection="", run=0)
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(_WARM_SECONDS):
            with suppress(KgqaError), task_errors():  # a server that is away now is back some time
                _touch_workers(session, context, 1)

    keeper = threading.Thread(target=keep, daemon=True)
    if wanted:
        _touch_workers(session, context, int(session.sparkContext.defaultParallelism))
        keeper.start()
    try:
        yield
    finally:
        ended.set()
        if wanted:
            keeper.join(_WARM_SECONDS)


def _touch_workers(session: SparkSession, context: TaskContext, tasks: int) -> None:
    def touch(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        warm_models(context)
        yield from batches

    with own_workers(session, "models"):
        frame = session.range(0, tasks, 1, tasks).mapInPandas(touch, StructType([StructField("id", LongType())]))
    frame.count()
