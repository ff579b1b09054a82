"""The composition root: the only place that chooses adapters. It answers "what is this program made of?"."""

from __future__ import annotations

import json
from collections import abc
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from kgqa.adapters.models.encoder import OnnxEncoder
from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.models.generator import OpenAIGenerator
from kgqa.adapters.models.ranker import OnnxRanker, packaged_ranker
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.policy import PostgresPolicy
from kgqa.adapters.postgres.pool import open_pool
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.ask.pipeline import AskServices
from kgqa.embedded.models import ensure_encoder
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.chunk import ChunkOptions
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.parse import ParseLimits
from kgqa.ingest.pipeline import IngestOptions, IngestParts
from kgqa.ports import Clock, Embedder, Generator, Ranker
from kgqa.settings import Settings


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that an entry point may use."""

    store: PostgresDocumentStore
    index: PostgresSearchIndex
    library: PostgresLibrary
    jobs: PostgresJobQueue
    policy: PostgresPolicy
    graph: Neo4jGraphStore
    embedder: Embedder
    ranker: Ranker | None
    generator: Generator | None
    clock: Clock
    settings: Settings

    def extractor_of(self, collection: str) -> SpacyExtractor:
        """The extractor that knows the domain dictionary of a collection."""
        return _extractor(json.dumps(dict(self.index.dictionary(collection)), sort_keys=True))

    def ask_services(self, collection: str) -> AskServices:
        """What the ask path uses to answer over a collection."""
        return AskServices(
            index=self.index,
            graph=self.graph,
            embedder=self.embedder,
            extractor=self.extractor_of(collection),
            ranker=self.ranker,
            generator=self.generator,
            clock=self.clock,
        )

    def ingest_parts(self, collection: str) -> IngestParts:
        """The models and options that ingest documents of this collection."""
        return IngestParts(
            extractor=self.extractor_of(collection),
            embedder=self.embedder,
            options=ingest_options(self.settings),
            cached_vectors=self.store.cached_vectors,
        )


@lru_cache(maxsize=32)
def _extractor(dictionary: str) -> SpacyExtractor:
    return SpacyExtractor(dictionary=Dictionary.from_json(json.loads(dictionary)))


def ingest_options(settings: Settings) -> IngestOptions:
    """The options of the steps that settings decide."""
    limits = settings.limits
    return IngestOptions(
        limits=ParseLimits(
            bytes=limits.document_bytes,
            characters=limits.document_characters,
            pages=limits.document_pages,
        ),
        chunks=ChunkOptions(),
    )


def build_embedder(settings: Settings, *, threads: int | None = None) -> Embedder:
    """The encoder that the settings name."""
    if settings.models.encoder == "hashing":
        return HashingEncoder()
    threads = settings.models.threads if threads is None else threads
    return OnnxEncoder(ensure_encoder(settings.cache), threads=threads)


def build_ranker(settings: Settings) -> Ranker | None:
    """The learned ranker, unless the settings name none."""
    name = settings.models.ranker
    if name == "none":
        return None
    return OnnxRanker(packaged_ranker() if name == "default" else Path(name))


def build_generator(settings: Settings) -> Generator | None:
    """The language model, where one is configured."""
    models = settings.models
    if not models.generator_url:
        return None
    return OpenAIGenerator(
        base_url=models.generator_url,
        model=models.generator_model,
        api_key=models.generator_key.get_secret_value(),
        timeout_seconds=models.generator_timeout_seconds,
    )


@contextmanager
def build_services(
    settings: Settings, endpoints: Endpoints, *, encoder_threads: int | None = None
) -> abc.Generator[Services]:
    """All services over these servers; connections are closed at the end."""
    with ExitStack() as stack:
        size = settings.postgres.pool_size
        app = stack.enter_context(open_pool(endpoints.postgres_app_url, size))
        pipeline = stack.enter_context(open_pool(endpoints.postgres_pipeline_url, size))
        driver = stack.enter_context(open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password))
        yield Services(
            store=PostgresDocumentStore(pipeline),
            index=PostgresSearchIndex(app),
            library=PostgresLibrary(app),
            jobs=PostgresJobQueue(pipeline),
            policy=PostgresPolicy(pipeline),
            graph=Neo4jGraphStore(driver, pipeline),
            embedder=build_embedder(settings, threads=encoder_threads),
            ranker=build_ranker(settings),
            generator=build_generator(settings),
            clock=SystemClock(),
            settings=settings,
        )
