"""What a task needs that is not in its rows: the record and the models, made once per Python worker process.

This module is imported by name in every worker, so what it keeps lives as long as the worker (a global of the driver's
script would be pickled and made anew in every task). Models are imported when a task first asks for them: comparing
documents with the record needs none, and a worker that imports them all takes seconds.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.pool import open_pool
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.pipeline import IngestParts
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from spark.shipping import unpacked_cache

if TYPE_CHECKING:
    from kgqa.bootstrap import Services

#: connections of one worker, which does one thing at a time
_CONNECTIONS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """Sent with every task."""

    settings: Settings
    endpoints: Endpoints
    collection: str
    run: int
    #: that the run writes; None: whichever is active (no run)
    generation: int | None = None


_open = ExitStack()
_stores: dict[str, PostgresDocumentStore] = {}
_services: dict[str, Services] = {}
_parts: dict[tuple[str, int], IngestParts] = {}


def store(context: TaskContext) -> PostgresDocumentStore:
    """The record, as this worker process writes it."""
    url = context.endpoints.postgres_pipeline_url
    if url not in _stores:
        _stores[url] = PostgresDocumentStore(_open.enter_context(open_pool(url, _CONNECTIONS)))
    return _stores[url]


def ingest_parts(context: TaskContext) -> IngestParts:
    """The models and options of this run; models are loaded once, a dictionary may differ from run to run."""
    key = (context.endpoints.postgres_pipeline_url, context.run)
    if key not in _parts:
        services = _built(context)
        services = services if context.generation is None else services.at(context.generation)
        parts = services.ingest_parts(context.collection)
        _parts.clear()
        _parts[key] = parts
    return _parts[key]


def recorded(context: TaskContext, document: int) -> RawDocument | None:
    """A published document as its source delivered it; None when it is gone."""
    unseal = partial(_built(context).unseal, context.collection)
    return store(context).recorded(context.collection, document, unseal)


def warm_models(context: TaskContext) -> None:
    """Load what reading a document in English needs."""
    from kgqa.adapters.models.extractor import SpacyExtractor

    _built(context).embedder.embed(["warm"], "passage")
    SpacyExtractor().names("A name in English", "en")


def _built(context: TaskContext) -> Services:
    """Services over these servers. One thread per encoder: there is one worker for each core."""
    url = context.endpoints.postgres_pipeline_url
    if url not in _services:
        from kgqa.bootstrap import build_services
        from kgqa.logs import configure_logs

        settings = unpacked_cache(context.settings)
        postgres = settings.postgres.model_copy(update={"pool_size": _CONNECTIONS})
        settings = settings.model_copy(update={"postgres": postgres})
        configure_logs(settings.log_level, as_json=settings.log_json)
        _services[url] = _open.enter_context(build_services(settings, context.endpoints, encoder_threads=1))
    return _services[url]
