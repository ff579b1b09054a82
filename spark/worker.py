"""What a task needs that is not in its rows: the record and the models, made once per Python worker process.

This module is imported by name in every worker, so what it keeps lives as long as the worker (a global of the driver's
script would be pickled and made anew in every task).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.pipeline import IngestParts
from kgqa.logs import configure_logs
from kgqa.settings import Settings
from spark.shipping import unpacked_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """Sent with every task."""

    settings: Settings
    endpoints: Endpoints
    collection: str
    run: int


_open = ExitStack()
_services: dict[str, Services] = {}
_parts: dict[tuple[str, int], IngestParts] = {}


def services(context: TaskContext) -> Services:
    """The services of this worker process. One thread per encoder: there is one worker for each core."""
    key = context.endpoints.postgres_pipeline_url
    if key not in _services:
        settings = unpacked_cache(context.settings)
        postgres = settings.postgres.model_copy(update={"pool_size": 2})
        settings = settings.model_copy(update={"postgres": postgres})
        configure_logs(settings.log_level, as_json=settings.log_json)
        _services[key] = _open.enter_context(build_services(settings, context.endpoints, encoder_threads=1))
    return _services[key]


def ingest_parts(context: TaskContext) -> IngestParts:
    """The models and options of this run; the domain dictionary is read once per run."""
    key = (context.collection, context.run)
    if key not in _parts:
        _parts.clear()
        _parts[key] = services(context).ingest_parts(context.collection)
    return _parts[key]
