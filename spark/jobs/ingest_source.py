"""A source into the record and the graph, stage by stage. Every stage can be cut off; running the job again goes on.

    list      which documents there are, who may read them, and which of those it had are gone
    compare   which of them the record does not have as they are now
    read      parse, chunk, extract, embed, stage: under a run that nobody reads yet
    publish   one transaction that makes the run visible, mentions included
    resolve   entities of the whole collection
    project   Neo4j, brought up to the record

A run that changes nothing ends after `compare`, unless an earlier run left something to publish, resolve or project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial

from pyspark.sql import DataFrame, SparkSession

from kgqa.bootstrap import Services, build_lake
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.pipeline import IngestParts, options_hashes, stage_versions
from kgqa.model.delta import DeltaReport
from kgqa.settings import Settings
from spark.access import settle
from spark.jobs import detect_changes, detect_deletions, list_sources, project_graph, read_documents, resolve_entities
from spark.jobs.list_sources import ToRaw, raw_document
from spark.progress import Progress
from spark.worker import TaskContext


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """What to ingest."""

    #: folder, or BEIR folder, or `corpus.jsonl(.gz)`, or the URI of a lake
    source: str
    collection: str
    #: access lists (JSON); None: those that the source had the last time, else `_access.json` in it
    access: str | None = None
    #: the source has no access list any more, and everybody may read it
    make_public: bool = False
    #: replaces the collection's domain dictionary; None: leave it as it is
    dictionary: Mapping[str, object] | None = None
    #: read documents again that have not changed
    force: bool = False
    #: what to do about documents of the source that are gone
    missing: detect_deletions.Missing = "check"


def run(
    session: SparkSession,
    services: Services,
    endpoints: Endpoints,
    settings: Settings,
    request: IngestRequest,
    progress: Progress,
) -> dict[str, object]:
    """Ingest the source; the report of the job."""
    _set_dictionary(services, request)
    services = services.at(services.store.generation().id)
    store = services.store
    lake = build_lake(settings, request.source)
    source, access = settle(store, request.collection, lake, given=request.access, make_public=request.make_public)
    store.remember_source(request.collection, source)
    parts = services.ingest_parts(request.collection)
    run_id = store.start_run(request.collection, stage_versions(parts), source=source.uri)
    context = TaskContext(
        settings=settings, endpoints=endpoints, collection=request.collection, run=run_id,
        generation=store.generation().id,
    )  # fmt: skip
    with progress.stage("list") as stage:
        sources, total = list_sources.run(session, lake, access)
        stage.total = total
        stage.update(total)
        share = settings.limits.vanished_share
        detect_deletions.run(sources, store, request.collection, run_id, missing=request.missing, share=share)
    to_raw = partial(raw_document, lake=lake, most_bytes=settings.limits.document_bytes)
    changed, count = _changed(sources, total, context, parts, request, progress, to_raw)
    if count:
        _read(changed, count, context, parts, services, progress, to_raw)
    with progress.stage("publish") as stage:
        report = store.publish(run_id, resolve=False)
        stage.update(report.indexed + report.duplicates + report.deleted)
    resolve_entities.refresh(session, store, request.collection, progress)
    with progress.stage("project") as stage:
        project_graph.run(services.graph, stage)
    return _report(request, report, total, count, progress)


def _set_dictionary(services: Services, request: IngestRequest) -> None:
    if request.dictionary is not None:
        Dictionary.from_json(request.dictionary)
        if services.store.collection(request.collection).dictionary != request.dictionary:
            services.store.set_dictionary(request.collection, request.dictionary)


def _changed(
    sources: DataFrame,
    total: int,
    context: TaskContext,
    parts: IngestParts,
    request: IngestRequest,
    progress: Progress,
    to_raw: ToRaw,
) -> tuple[DataFrame, int]:
    if request.force:
        return sources, total
    with progress.stage("compare", total) as stage:
        return detect_changes.run(sources, context, options_hashes(stage_versions(parts)), stage, to_raw)


def _read(
    changed: DataFrame,
    count: int,
    context: TaskContext,
    parts: IngestParts,
    services: Services,
    progress: Progress,
    to_raw: ToRaw,
) -> None:
    dictionary = Dictionary.from_json(services.store.collection(context.collection).dictionary)
    settings = context.settings
    folder = settings.home / "spark" / f"ruler-{context.run}" if settings.spark.nlp else None
    with progress.stage("read", count) as stage:
        read_documents.run(
            changed,
            context,
            options=parts.options,
            dictionary=dictionary,
            ruler_folder=folder,
            stage=stage,
            to_raw=to_raw,
        )


def _report(
    request: IngestRequest, report: DeltaReport, total: int, count: int, progress: Progress
) -> dict[str, object]:
    fields = {name: value for name, value in asdict(report).items() if name != "unchanged"}
    return {
        "collection": request.collection,
        "source": request.source,
        "documents": total,
        **fields,
        "reasons": [list(reason) for reason in report.reasons],
        "unchanged": total - count,
        "stages": progress.summary(),
    }
