"""A generation of the index, brought up to the active one: from the documents in the record, whatever their sources do.

Documents that it lacks are read again, as their sources delivered them, and go through the same steps as in an ingest;
then entities are resolved and the graph is projected. Cut off, it goes on where it was; changed documents leave a
generation that is not active (`publish.py`), so running it again brings only those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from kgqa.bootstrap import Services
from kgqa.embedded.stack import Endpoints
from kgqa.errors import NotFound
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.pipeline import stage_versions
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from spark import schemas
from spark.jobs import project_graph, read_documents, resolve_entities
from spark.jobs.list_sources import spread
from spark.progress import Progress
from spark.worker import TaskContext, recorded


def run(
    session: SparkSession,
    services: Services,
    endpoints: Endpoints,
    settings: Settings,
    generation: int,
    progress: Progress,
) -> dict[str, object]:
    """Bring every collection up to date in this generation; documents that were read, by collection."""
    services = services.at(generation)
    read: dict[str, int] = {}
    for collection in services.store.collection_names():
        context = TaskContext(
            settings=settings, endpoints=endpoints, collection=collection, run=0, generation=generation
        )
        read[collection] = _bring_up(session, services, context, progress)
    with progress.stage("project") as stage:
        project_graph.run(services.graph, stage)
    return {"generation": generation, "documents": read, "stages": progress.summary()}


def _bring_up(session: SparkSession, services: Services, context: TaskContext, progress: Progress) -> int:
    store, collection = services.store, context.collection
    parts = services.ingest_parts(collection)
    run_id = store.start_run(collection, stage_versions(parts))
    context = replace(context, run=run_id)
    rows = store.behind(run_id)
    if rows:
        with progress.stage("read", len(rows)) as stage:
            read_documents.run(
                _frame(session, rows),
                context,
                options=parts.options,
                dictionary=Dictionary.from_json(store.collection(collection).dictionary),
                ruler_folder=None,  # spaCy's matcher finds what Spark NLP's finds
                stage=stage,
                to_raw=partial(_from_record, context),
            )
    with progress.stage("publish", len(rows)) as stage:
        store.publish(run_id, resolve=False)
        stage.update(len(rows))
    resolve_entities.refresh(session, store, collection, progress)
    return len(rows)


def _frame(session: SparkSession, rows: Sequence[tuple[int, str, str, Sequence[str]]]) -> DataFrame:
    return spread(session.createDataFrame([tuple(row) for row in rows], schemas.RECORDED), len(rows))


def _from_record(context: TaskContext, collection: str, row: Mapping[str, Any]) -> RawDocument:  # noqa: ARG001
    raw = recorded(context, int(row["id"]))
    if raw is None:
        raise NotFound("The document was deleted meanwhile.")
    return raw
