"""Every setting, in one place. This is the only module that reads the environment.

A setting is `KGQA_` + group + `__` + name: `KGQA_POSTGRES__URL`. An empty URL means "use the embedded
server". Any secret `X` may also be given as a file path in `X_FILE`. Every problem is reported at once.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kgqa.errors import ConfigurationError


class Group(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PostgresSettings(Group):
    """PostgreSQL 16+ with pgvector 0.8.4+: the record."""

    url: SecretStr = Field(
        default=SecretStr(""), description="URL of the application role (`kgqa_app`). Empty: the embedded server."
    )
    pipeline_url: SecretStr = Field(
        default=SecretStr(""), description="URL of the ingest role (`kgqa_pipeline`). Needed when `url` is set."
    )
    owner_url: SecretStr = Field(
        default=SecretStr(""),
        description="URL of the owner role (`kgqa_owner`), for migrations. Needed when `url` is set.",
    )
    pool_size: int = Field(default=8, ge=1, le=200, description="Largest number of connections per process and role.")


class Neo4jSettings(Group):
    """Neo4j 5.26+: the projection."""

    url: str = Field(default="", description="Bolt URL. Empty: the embedded server.")
    user: str = Field(default="neo4j", description="User name.")
    password: SecretStr = Field(default=SecretStr(""), description="Password.")


class RedisSettings(Group):
    """Redis 6.2+ or Valkey: wakes workers, holds no truth."""

    url: SecretStr = Field(default=SecretStr(""), description="URL. Empty: the embedded server.")


class KafkaSettings(Group):
    """Kafka 2.1+: document events. Only `kgqa stream kafka` needs it."""

    bootstrap_servers: str = Field(
        default="", description="`host:port`, comma separated. Empty: the embedded broker, started when it is wanted."
    )
    user: str = Field(default="", description="User name; empty: no login.")
    password: SecretStr = Field(default=SecretStr(""), description="Password.")
    mechanism: str = Field(
        default="PLAIN", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$", description="How the login is done."
    )
    tls: bool = Field(default=False, description="Encrypt the connection.")
    ca_file: str = Field(default="", description="Certificates (PEM) to check the broker's with. Empty: the system's.")


class LakeSettings(Group):
    """Lakes in object stores (docs/lakes.md)."""

    options: SecretStr = Field(
        default=SecretStr(""),
        description="What object stores are opened with, by scheme, as JSON:"
        ' `{"s3": {"endpoint_url": "...", "key": "...", "secret": "..."}}`; it wins over the environment of the'
        " libraries (`AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_CONNECTION_STRING`). Empty: that environment alone.",
    )


class StreamSettings(Group):
    """Streaming: document events and watched folders."""

    batch_documents: int = Field(
        default=500, ge=1, le=100_000, description="Most events, or changed files, of one batch."
    )
    interval_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="Time between two listings of a watched folder."
    )
    roots: str = Field(
        default="",
        description="Folders, separated by `:`, whose files an event without content may name. Empty: none.",
    )


class SparkSettings(Group):
    """Spark 3.5."""

    master: str = Field(default="local[*]", description="Spark master of ingest jobs.")
    driver_memory: str = Field(
        default="2g", description="Heap of the driver (with `local`, of everything the JVM does)."
    )
    graphframes: str = Field(
        default="org.apache.sedona:sedona-spark-shaded-3.5_2.12:1.8.1",
        description="Maven coordinate of the jar that holds GraphFrames.",
    )
    nlp: bool = Field(
        default=True, description="Match the domain dictionary with Spark NLP's EntityRuler; off: with spaCy's."
    )


class ModelSettings(Group):
    """Models. Nothing is downloaded at run time."""

    threads: int = Field(default=0, ge=0, description="Threads of the encoder; 0: all cores (1 inside Spark tasks).")
    encoder: str = Field(
        default="e5-small-int8",
        description="`e5-small-int8`; `onnx:DIR` or `sentence-transformers:DIR` (docs/models.md); or `hashing`"
        " (no model: for tests of the plumbing). An index keeps the encoder of its first ingest; another one is for the"
        " next generation (`kgqa reindex`).",
    )
    device: str = Field(
        default="auto",
        pattern="^(auto|cpu|cuda)$",
        description="Where models of the extra `models` run: `cpu`, `cuda`, or `auto` (`cuda` where there is one).",
    )
    ocr: str = Field(
        default="default",
        pattern="^(default|none)$",
        description="Reads pictures and scanned pages: `default` (RapidOCR, from its package), or `none`. Changing it"
        " reads every document again at the next ingest.",
    )
    speech: str = Field(
        default="none",
        description="Hears recordings: `none`, `whisper-base` (packaged), or `faster-whisper:DIR`, a Whisper model for"
        " CTranslate2; both need the extra `audio` (docs/formats.md). Changing it reads every document again.",
    )
    ranker: str = Field(
        default="default", description="`default`, `none` (the order of the walk), or the path of a ranker's ONNX file."
    )
    judges: str = Field(
        default="default",
        description="What decides which passages are cited and whether they are enough: `default`, `none` (rules), or a"
        " folder made by `kgqa eval train-judges`.",
    )
    reader: str = Field(
        default="",
        description="`transformers:DIR`: a question-answering model that proposes the short answer (docs/models.md)."
        " Empty: none.",
    )
    generator: str = Field(
        default="",
        description="`transformers:DIR`: a language model of this machine writes (docs/models.md)."
        " Empty: the endpoint of the next setting, where there is one.",
    )
    generator_url: str = Field(
        default="", description="Base URL of an OpenAI-compatible endpoint. Empty: extractive answers."
    )
    generator_model: str = Field(default="default", description="Model name sent to the generator.")
    generator_key: SecretStr = Field(default=SecretStr(""), description="API key of the generator.")
    generator_timeout_seconds: float = Field(
        default=60, gt=0, description="Longest wait for one reply of the generator."
    )


class PiiSettings(Group):
    """Personal data, in collections whose policy says so (`kgqa collection set-pii`)."""

    types: str = Field(
        default="",
        description="What counts as personal data, by commas. Empty: PERSON, ADDRESS, EMAIL_ADDRESS, PHONE_NUMBER,"
        " CREDIT_CARD, IBAN_CODE, US_SSN, IP_ADDRESS. There are also LOCATION, ORGANIZATION, URL, DATE_TIME.",
    )
    token_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key that makes the tokens of masked values; another one masks everything anew."
        " Empty: made once, kept in KGQA_HOME.",
    )
    keys: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that encrypt masked values: `ID:KEY,OLDER_ID:OLDER_KEY`, each 32 bytes in URL-safe base64;"
        " the first encrypts, all decrypt. Empty: made once, kept in KGQA_HOME.",
    )


class TranslationSettings(Group):
    """Who translates, in collections that want it (`kgqa collection set-translation`; docs/translation.md)."""

    engine: str = Field(
        default="none",
        pattern="^(none|apertium|openai)$",
        description="`apertium` (a program of this machine), `openai` (an OpenAI-compatible endpoint, which sees the"
        " texts), or `none`.",
    )
    url: str = Field(default="", description="Base URL of the endpoint. Empty: that of the generator.")
    model: str = Field(default="", description="Model name sent to the endpoint. Empty: that of the generator.")
    key: SecretStr = Field(
        default=SecretStr(""), description="API key of the endpoint. Empty: that of the generator, at its URL alone."
    )
    timeout_seconds: float = Field(
        default=60, gt=0, description="Longest wait for one reply of the endpoint, or one process of `apertium`."
    )


class ApiSettings(Group):
    """The GraphQL API."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port; 0: a free one, remembered in KGQA_HOME.")
    development: bool = Field(
        default=True, description="GraphiQL, introspection and development tokens. Off in production."
    )
    token_secret: SecretStr = Field(
        default=SecretStr(""), description="Key that signs development tokens. Empty: made once, kept in KGQA_HOME."
    )


class LimitSettings(Group):
    """What a document or request may cost."""

    document_bytes: int = Field(default=50_000_000, gt=0, description="Largest document in bytes.")
    document_characters: int = Field(default=5_000_000, gt=0, description="Longest text of a document.")
    document_pages: int = Field(default=2_000, gt=0, description="Most pages of a document.")
    vanished_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A source that has lost more than this share of its documents, and at least 20, is not believed:"
        " `kgqa ingest` deletes them only with `--allow-deletions`.",
    )
    document_seconds: float = Field(
        default=300,
        gt=0,
        description="Longest time for reading one document, OCR and speech recognition included; then it has failed.",
    )
    document_memory_bytes: int = Field(
        default=3_000_000_000,
        ge=500_000_000,
        description="Memory of the child process that reads documents; OCR alone takes 1,800,000,000 of address space.",
    )
    unpacked_bytes: int = Field(default=400_000_000, gt=0, description="Largest unpacked size of a zipped format.")
    expansion_ratio: int = Field(
        default=100, gt=1, description="Most times that a zipped format may grow when it is unpacked."
    )
    archive_members: int = Field(default=2_000, gt=0, description="Most files in an archive or Office file.")
    table_cells: int = Field(default=5_000_000, gt=0, description="Most cells of a workbook.")
    image_pixels: int = Field(default=60_000_000, gt=0, description="Largest picture, in pixels.")
    ocr_pages: int = Field(default=100, gt=0, description="Pages of one document that are read by OCR.")
    sound_minutes: float = Field(
        default=30, gt=0, description="Longest recording. One core recognises some ten minutes of it a minute."
    )
    question_characters: int = Field(default=2_000, gt=0, description="Longest question.")
    job_attempts: int = Field(default=3, gt=0, description="Attempts before a job is dead.")
    job_lease_seconds: int = Field(
        default=60, gt=0, description="A job whose worker has been silent this long is taken over."
    )


class RetentionSettings(Group):
    """How long `kgqa maintain retention` keeps what is no document, in days."""

    jobs_days: int = Field(default=30, ge=0, description="Jobs, from their end. 0: for ever.")
    conversations_days: int = Field(
        default=0, ge=0, description="Conversations with their messages, from the last of them. 0: for ever."
    )
    runs_days: int = Field(
        default=30,
        ge=0,
        description="Ingest runs and their reports, from their end, once no document or batch of a stream names them."
        " 0: for ever.",
    )
    staged_days: int = Field(
        default=7,
        ge=0,
        description="What ingests that were cut off have read, from the last document; until then the same ingest goes"
        " on with it. 0: for ever.",
    )
    audit_days: int = Field(default=0, ge=0, description="Audit events. 0: for ever.")


class ScheduleSettings(Group):
    """When `python -m schedule` runs the nightly tasks (docs/maintenance.md)."""

    cron: str = Field(default="0 3 * * *", description="Minute, hour, day, month, weekday, as cron has them.")
    timezone: str = Field(default="UTC", description="Whose hours these are, such as `Europe/Oslo`.")


class Settings(BaseSettings):
    """All settings of one process. Frozen; built once, at the edge of the process."""

    model_config = SettingsConfigDict(env_prefix="KGQA_", env_nested_delimiter="__", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".kgqa"), description="Where the embedded servers and their data live.")
    cache: Path = Field(
        default_factory=lambda: Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kgqa",
        description="Where jars and models are kept, for all homes. Default: `kgqa` in the user's cache directory.",
    )
    maven_repository: str = Field(
        default="", description="Base URL of a Maven repository. Empty: the user's mirror, else the central one."
    )
    parent_pid: int = Field(default=0, description="End when this process ends. Set for child processes, not by hand.")
    log_level: str = Field(default="INFO", description="Lowest level that is logged.")
    log_json: bool = Field(default=False, description="Log JSON lines instead of text.")
    postgres: PostgresSettings = PostgresSettings()
    neo4j: Neo4jSettings = Neo4jSettings()
    redis: RedisSettings = RedisSettings()
    kafka: KafkaSettings = KafkaSettings()
    lakes: LakeSettings = LakeSettings()
    stream: StreamSettings = StreamSettings()
    spark: SparkSettings = SparkSettings()
    models: ModelSettings = ModelSettings()
    pii: PiiSettings = PiiSettings()
    translation: TranslationSettings = TranslationSettings()
    api: ApiSettings = ApiSettings()
    limits: LimitSettings = LimitSettings()
    retention: RetentionSettings = RetentionSettings()
    schedule: ScheduleSettings = ScheduleSettings()


def load_settings() -> Settings:
    """Read the environment once. Raises ConfigurationError that names every problem and where it was looked for."""
    try:
        settings = Settings(**_secrets_from_files())  # pyright: ignore[reportArgumentType] - checked when the model is built
    except ValidationError as problem:
        lines = [f"  KGQA_{'__'.join(str(part) for part in e['loc']).upper()}: {e['msg']}" for e in problem.errors()]
        raise ConfigurationError(
            "These settings are not valid:\n" + "\n".join(lines),
            hint="they were read from the environment; docs/settings.md lists every setting.",
        ) from None
    return settings.model_copy(
        update={"home": settings.home.expanduser().absolute(), "cache": settings.cache.expanduser().absolute()}
    )


def _secrets_from_files() -> dict[str, object]:
    """Values of `KGQA_..._FILE` variables, as nested keyword arguments."""
    values: dict[str, dict[str, str]] = {}
    for variable, path in os.environ.items():
        if not (variable.startswith("KGQA_") and variable.endswith("_FILE") and "__" in variable):
            continue
        group, _, name = variable.removeprefix("KGQA_").removesuffix("_FILE").lower().partition("__")
        try:
            values.setdefault(group, {})[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ConfigurationError(f"{variable} names {path!r}, which cannot be read: {problem.strerror}") from None
    for variable, value in os.environ.items():
        group, _, name = variable.removeprefix("KGQA_").lower().partition("__")
        if variable.startswith("KGQA_") and group in values and not variable.endswith("_FILE"):
            values[group].setdefault(name, value)
    return dict(values)


def inherited(name: str, default: str) -> str:
    """A variable that the process which started this one has set; not a setting of an operator."""
    return os.environ.get(name, default)


def set_environment(variables: dict[str, str]) -> None:
    """Set variables for libraries that are configured by the environment of this process alone."""
    os.environ.update(variables)


def child_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process of ours: this one's, plus `extra`."""
    return {**os.environ, **(extra or {})}


@cache
def java_home_of_user() -> str | None:
    """`JAVA_HOME` as the user set it, or None."""
    return os.environ.get("JAVA_HOME")
