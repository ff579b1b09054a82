"""The composition root: the only place that chooses adapters. It answers "what is this program made of?"."""

from __future__ import annotations

import json
from collections import abc
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr

from kgqa.adapters.keyring import Keyring
from kgqa.adapters.lakes.folder import FolderLake, local_path
from kgqa.adapters.lakes.objects import open_objects, scheme_of
from kgqa.adapters.models.apertium import ApertiumTranslator
from kgqa.adapters.models.encoder import OnnxEncoder
from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.models.generator import OpenAIGenerator
from kgqa.adapters.models.judges import load_judges, packaged_judges
from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.openai_translator import OpenAITranslator
from kgqa.adapters.models.ranker import OnnxRanker, packaged_ranker
from kgqa.adapters.models.sentence_encoder import SentenceTransformersEmbedder
from kgqa.adapters.models.span_reader import TransformersReader
from kgqa.adapters.models.speech import speech_model
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.neo4j.graph_store import Neo4jGraphStore
from kgqa.adapters.parsing.isolated import IsolatedReader
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.event_log import PostgresEventLog
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.policy import PostgresPolicy
from kgqa.adapters.postgres.pool import open_pool
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.adapters.postgres.vault import PostgresVault
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.ask.personal import QuestionMask, masked_tokens, revealed
from kgqa.ask.pipeline import AskServices
from kgqa.ask.read import SpanReader
from kgqa.ask.weigh import Judges
from kgqa.embedded.home import Home
from kgqa.embedded.models import ENCODER, encoder_name, ensure_encoder
from kgqa.embedded.stack import Endpoints
from kgqa.errors import ConfigurationError
from kgqa.ingest.chunk import ChunkOptions
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.mask import PersonalData, PiiDetector
from kgqa.ingest.parse import ParseLimits
from kgqa.ingest.pipeline import IngestOptions, IngestParts
from kgqa.ingest.translate import Pivot
from kgqa.model.answer import Answer, Caller
from kgqa.model.generation import Generation
from kgqa.model.pii import PiiPolicy, SealedValue
from kgqa.ports import Clock, Embedder, Generator, Lake, Ranker, Translator
from kgqa.settings import Settings
from kgqa.text.pseudonyms import Pseudonyms


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that an entry point may use."""

    store: PostgresDocumentStore
    encoders: Encoders
    events: PostgresEventLog
    index: PostgresSearchIndex
    library: PostgresLibrary
    jobs: PostgresJobQueue
    policy: PostgresPolicy
    vault: PostgresVault
    graph: Neo4jGraphStore
    embedder: Embedder
    ranker: Ranker | None
    judges: Judges | None
    generator: Generator | None
    reader: SpanReader | None
    clock: Clock
    settings: Settings

    def at(self, generation: int) -> Services:
        """The same over one generation, whichever is active."""
        store = self.store.at(generation)
        embedder = self.encoders.of(store.generation())
        return replace(self, store=store, index=self.index.at(generation), embedder=embedder)

    def extractor_of(self, collection: str) -> SpacyExtractor:
        """The extractor that knows the domain dictionary of a collection."""
        return _extractor(json.dumps(dict(self.index.dictionary(collection)), sort_keys=True))

    def personal_data(self, collection: str) -> PersonalData | None:
        """What ingest does about personal data of a collection; None: nothing."""
        rules = self.vault.rules(collection)
        if rules.policy is PiiPolicy.OFF:
            return None
        detector = build_detector(self.settings)
        if rules.policy is PiiPolicy.FLAG:
            return PersonalData(policy=rules.policy, detector=detector)
        settings = with_pii_keys(self.settings)
        return PersonalData(
            policy=rules.policy,
            detector=detector,
            pseudonyms=Pseudonyms(key=settings.pii.token_key.get_secret_value().encode(), collection=collection),
            sealer=Keyring.parse(settings.pii.keys.get_secret_value()),
        )

    def reveal(self, caller: Caller, collection: str, answer: Answer) -> Answer:
        """The answer with the masked values that the caller may see; a warning says how many stay hidden."""
        tokens = masked_tokens(answer)
        if not tokens:
            return answer
        keyring = Keyring.parse(with_pii_keys(self.settings).pii.keys.get_secret_value())
        values = self.vault.reveal(caller, collection, tokens, keyring)
        shown = revealed(answer, values)
        hidden = len(tokens) - len(values)
        warning = (f"{hidden} masked value(s) are not shown to {caller.subject}.",) if hidden else ()
        return replace(shown, warnings=(*shown.warnings, *warning))

    def unseal(self, collection: str, sealed: Sequence[SealedValue]) -> Mapping[str, str]:
        """Masked values by token, for reading a masked document again. Raises ConfigurationError without their key."""
        keyring = Keyring.parse(with_pii_keys(self.settings).pii.keys.get_secret_value())
        return {value.token: keyring.open(collection, value) for value in sealed}

    def ask_services(self, collection: str) -> AskServices:
        """What the ask path uses to answer over a collection."""
        return AskServices(
            index=self.index,
            graph=self.graph,
            embedder=self.embedder,
            encoder_of=self.encoders.named,
            extractor=self.extractor_of(collection),
            ranker=self.ranker,
            judges=self.judges,
            generator=self.generator,
            reader=self.reader,
            clock=self.clock,
            personal=self._question_mask(collection),
        )

    def _question_mask(self, collection: str) -> QuestionMask | None:
        personal = self.personal_data(collection)
        if personal is None or personal.pseudonyms is None:
            return None
        return QuestionMask(pseudonyms=personal.pseudonyms, detector=personal.detector)

    def ingest_parts(self, collection: str) -> IngestParts:
        """The models and options that ingest documents of this collection into the generation that is written."""
        generation = self.store.generation()
        embedder = self.encoders.of(generation)
        if not generation.encoder:
            name, dimensions = self.settings.models.encoder, embedder.dimensions
            self.store.set_encoder(generation.id, model=embedder.model, encoder=name, dimensions=dimensions)
        return IngestParts(
            extractor=self.extractor_of(collection),
            embedder=embedder,
            options=replace(ingest_options(self.settings), personal=self.personal_data(collection)),
            cached_vectors=self.store.cached_vectors,
            pivot=self.pivot(collection),
        )

    def pivot(self, collection: str) -> Pivot | None:
        """What ingest translates a collection to, and by whom; None: nothing. Raises ConfigurationError."""
        language = self.store.translate_to(collection)
        if not language:
            return None
        translator = build_translator(self.settings)
        if translator is None:
            raise ConfigurationError(
                f"The collection {collection!r} is translated to {language}, and KGQA_TRANSLATION__ENGINE is none.",
                hint=f"set it to apertium or openai, or run `kgqa collection set-translation {collection} off`.",
            )
        return Pivot(language=language, translator=translator, kept=self.store.kept_translations)


def with_pii_keys(settings: Settings) -> Settings:
    """The settings with keys of personal data: configured ones, else those of KGQA_HOME, made at the first call.

    Raises ConfigurationError for a record on a server of its own without them: its homes would each make others.
    """
    pii = settings.pii
    if pii.token_key.get_secret_value() and pii.keys.get_secret_value():
        return settings
    if settings.postgres.url.get_secret_value():
        raise ConfigurationError(
            "A collection masks personal data, and KGQA_PII__TOKEN_KEY or KGQA_PII__KEYS is not set.",
            hint="give all processes the same keys (docs/settings.md); `kgqa collection new-key` prints one.",
        )
    home = Home(settings.home)
    home.make()
    token_key = pii.token_key.get_secret_value() or home.secret("pii-token-key")
    keys = pii.keys.get_secret_value() or f"home:{home.secret('pii-key', Keyring.new_key)}"
    update = {"token_key": SecretStr(token_key), "keys": SecretStr(keys)}
    return settings.model_copy(update={"pii": pii.model_copy(update=update)})


def build_detector(settings: Settings) -> PiiDetector:
    """What finds personal data of the configured types. Raises ConfigurationError."""
    from kgqa.adapters.models.pii import ALL_TYPES, PERSONAL, PresidioDetector  # seconds to import, and rarely needed

    types = frozenset(part.strip() for part in settings.pii.types.split(",") if part.strip()) or PERSONAL
    if unknown := types - ALL_TYPES:
        raise ConfigurationError(
            f"KGQA_PII__TYPES names {', '.join(sorted(unknown))}.", hint=f"there are {', '.join(sorted(ALL_TYPES))}."
        )
    return PresidioDetector(types=types)


@lru_cache(maxsize=32)
def _extractor(dictionary: str) -> SpacyExtractor:
    return SpacyExtractor(dictionary=Dictionary.from_json(json.loads(dictionary)))


def ingest_options(settings: Settings) -> IngestOptions:
    """The options of the steps that settings decide. Raises ConfigurationError for speech that cannot be heard."""
    limits = settings.limits
    return IngestOptions(
        limits=ParseLimits(
            bytes=limits.document_bytes,
            characters=limits.document_characters,
            pages=limits.document_pages,
            expansion=limits.expansion_ratio,
            unpacked_bytes=limits.unpacked_bytes,
            members=limits.archive_members,
            cells=limits.table_cells,
            ocr_pages=limits.ocr_pages,
            pixels=limits.image_pixels,
            sound_minutes=limits.sound_minutes,
            seconds=limits.document_seconds,
            memory_bytes=limits.document_memory_bytes,
        ),
        chunks=ChunkOptions(),
        reader=IsolatedReader(ocr=settings.models.ocr != "none", speech=speech_model(settings.models.speech)),
    )


def build_lake(settings: Settings, source: str) -> Lake:
    """The folder or prefix that a path or URI names. Raises NotFound, InvalidInput or ConfigurationError."""
    if scheme_of(source) in ("", "file"):
        return FolderLake(path=local_path(source))
    return open_objects(source, settings.lakes.options.get_secret_value())


class Encoders:
    """Encoders, each loaded when it is first needed: the configured one, and those of other generations."""

    def __init__(self, settings: Settings, *, threads: int | None = None) -> None:
        self._settings = settings
        self._threads = threads
        self.configured = build_embedder(settings, threads=threads)
        self._loaded = {self.configured.model: self.configured}

    def of(self, generation: Generation) -> Embedder:
        """The encoder of a generation's vectors; the configured one where there are none yet."""
        return self.named(generation.model, generation.encoder) if generation.model else self.configured

    def named(self, model: str, encoder: str) -> Embedder:
        """The encoder of this name and version, which a setting `encoder` gave. Raises ConfigurationError."""
        if model not in self._loaded and encoder:
            models = self._settings.models.model_copy(update={"encoder": encoder})
            settings = self._settings.model_copy(update={"models": models})
            built = build_embedder(settings, threads=self._threads)
            self._loaded[built.model] = built
        if model not in self._loaded:
            raise ConfigurationError(
                f"The index was built with the encoder {model}, and {encoder or 'nothing here'} is another one.",
                hint="use that encoder, or build a new generation: `kgqa reindex`.",
            )
        return self._loaded[model]


def build_embedder(settings: Settings, *, threads: int | None = None) -> Embedder:
    """The encoder that the settings name."""
    models = settings.models
    kind, _, folder = models.encoder.partition(":")
    threads = models.threads if threads is None else threads
    if models.encoder == ENCODER:
        return OnnxEncoder(ensure_encoder(settings.cache), threads=threads)
    if kind == "hashing":
        return HashingEncoder(dimensions=int(folder)) if folder.isdigit() else HashingEncoder()
    if kind == "onnx" and folder:
        return OnnxEncoder(Path(folder), model=encoder_name(Path(folder)), threads=threads)
    if kind == "sentence-transformers" and folder:
        return SentenceTransformersEmbedder(Path(folder), device=models.device, threads=threads)
    raise ConfigurationError(f"There is no encoder {models.encoder!r}.", hint="docs/settings.md lists them.")


def build_ranker(settings: Settings) -> Ranker | None:
    """The learned ranker, unless the settings name none."""
    name = settings.models.ranker
    if name == "none":
        return None
    return OnnxRanker(packaged_ranker() if name == "default" else Path(name))


def build_judges(settings: Settings) -> Judges | None:
    """The learned judges of evidence, unless the settings name none."""
    name = settings.models.judges
    if name == "none":
        return None
    return load_judges(packaged_judges() if name == "default" else Path(name))


def build_generator(settings: Settings) -> Generator | None:
    """The language model, where one is configured: on this machine or behind an endpoint."""
    models = settings.models
    if models.generator:
        folder = _local_model(models.generator, "KGQA_MODELS__GENERATOR")
        return TransformersGenerator(folder, device=models.device, timeout_seconds=models.generator_timeout_seconds)
    if not models.generator_url:
        return None
    return OpenAIGenerator(
        base_url=models.generator_url,
        model=models.generator_model,
        api_key=models.generator_key.get_secret_value(),
        timeout_seconds=models.generator_timeout_seconds,
    )


def build_translator(settings: Settings) -> Translator | None:
    """Who translates, where somebody is configured. Raises ConfigurationError where it is not there."""
    wanted, models = settings.translation, settings.models
    if wanted.engine == "none":
        return None
    if wanted.engine == "apertium":
        return ApertiumTranslator(timeout_seconds=wanted.timeout_seconds)
    if not (url := wanted.url or models.generator_url):
        raise ConfigurationError(
            "KGQA_TRANSLATION__ENGINE is openai, and there is no endpoint.", hint="set KGQA_TRANSLATION__URL."
        )
    key = wanted.key if wanted.key.get_secret_value() or wanted.url else models.generator_key
    return _endpoint(url, wanted.model or models.generator_model, key.get_secret_value(), wanted.timeout_seconds)


@lru_cache(maxsize=4)
def _endpoint(url: str, model: str, key: str, timeout_seconds: float) -> OpenAITranslator:
    """One for a process: a job for each document would open connections, and forget that nobody answers."""
    return OpenAITranslator(url, model, key, timeout_seconds)


def build_reader(settings: Settings) -> SpanReader | None:
    """The model that points at short answers, where one is configured."""
    models = settings.models
    if not models.reader:
        return None
    return TransformersReader(_local_model(models.reader, "KGQA_MODELS__READER"), device=models.device)


def _local_model(value: str, variable: str) -> Path:
    kind, _, folder = value.partition(":")
    if kind != "transformers" or not folder:
        raise ConfigurationError(f"{variable} is {value!r}.", hint="write transformers:DIR (docs/models.md).")
    return Path(folder)


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
        encoders = Encoders(settings, threads=encoder_threads)
        yield Services(
            store=PostgresDocumentStore(pipeline),
            encoders=encoders,
            events=PostgresEventLog(pipeline),
            index=PostgresSearchIndex(app),
            library=PostgresLibrary(app),
            jobs=PostgresJobQueue(pipeline),
            policy=PostgresPolicy(pipeline),
            vault=PostgresVault(app),
            graph=Neo4jGraphStore(driver, pipeline),
            embedder=encoders.configured,
            ranker=build_ranker(settings),
            judges=build_judges(settings),
            generator=build_generator(settings),
            reader=build_reader(settings),
            clock=SystemClock(),
            settings=settings,
        )
