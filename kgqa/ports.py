"""Every seam of the system on one page.

Reads take a `View` (caller, collection, generation, visible classes) and return only what it may see, in the order
stated; missing and invisible ids are absent. Writes are idempotent. Every method may raise `DependencyUnavailable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from kgqa.errors import KgqaError
from kgqa.model.answer import Caller, EvidenceChunk, ScoredChunk, View
from kgqa.model.delta import DeltaReport, DocumentDelta, IngestDelta, OptionsHashes
from kgqa.model.document import Chunk, LakeFile, Source
from kgqa.model.entity import Entity
from kgqa.model.graph import GraphCounts, Subgraph
from kgqa.model.job import Job
from kgqa.model.library import Collection, DocumentView, Neighbourhood, Page
from kgqa.model.mention import Claim, DictionaryMatch, Equivalence, NameSupport
from kgqa.model.picture import RecognisedLine
from kgqa.model.speech import Transcript


class Lake(Protocol):
    """A place whose files are documents: a folder, or a prefix of an object store. Travels to Spark tasks by pickle."""

    @property
    def uri(self) -> str:
        """Its name in the record, without credentials and without `/` at the end."""
        ...

    def files(self) -> Iterator[LakeFile]:
        """Every file below it whose path has no part that starts with `_` or `.`.

        A listing is complete or raises: NotFound where there is nothing, InvalidInput or ConfigurationError where a
        part cannot be listed. What is missing from it looks deleted.
        """
        ...

    def read(self, path: bytes) -> bytes:
        """The bytes of a file. Raises OSError when this file cannot be read; never when the lake does not answer."""
        ...

    def beside(self, name: str) -> bytes | None:
        """A file directly in it that is no document; None where it is not there. Raises as `files` does."""
        ...


class Embedder(Protocol):
    """Texts to unit vectors."""

    #: name and version; part of the stage hash and of vector cache keys
    model: str
    dimensions: int

    def embed(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> npt.NDArray[np.float32]:
        """Unit rows in the order of `texts`; shape (n, dimensions), also for n = 0."""
        ...


class TextRecogniser(Protocol):
    """Pictures of text to text (OCR). `version` is part of the stage hash."""

    version: str

    def recognise(self, picture: npt.NDArray[np.uint8]) -> Sequence[RecognisedLine]:
        """Lines in reading order, however the picture lies. `picture`: (height, width, 3), red, green, blue."""
        ...


class SpeechRecogniser(Protocol):
    """Recordings of speech to text. `version` is part of the stage hash."""

    version: str

    def transcribe(self, samples: npt.NDArray[np.int16]) -> Transcript:
        """What is said, nothing where nobody speaks. `samples`: one channel, `model.speech.SAMPLE_RATE` a second."""
        ...


class Extractor(Protocol):
    """Chunks to the names, equivalences and claims that they support by themselves."""

    #: name and version; part of the stage hash
    version: str

    def extract(
        self,
        chunks: Sequence[Chunk],
        dictionary_matches: Mapping[int, Sequence[DictionaryMatch]] | None = None,
        openings: frozenset[int] = frozenset(),
    ) -> Sequence[tuple[Sequence[NameSupport], Sequence[Equivalence], Sequence[Claim]]]:
        """One triple per chunk, in order. `dictionary_matches` (by chunk id) says what the domain dictionary found.

        `openings` are ids of chunks that open a document without a title: what their first sentence is about is
        supported as a name of the whole document, with the source `SUBJECT`; nothing in a language without a model.
        """
        ...

    def warnings(self, languages: Iterable[str]) -> Sequence[str]:
        """What a reader should know about what is found in these languages."""
        ...

    def names(self, text: str, language: str) -> Sequence[str]:
        """Surfaces of the names in a question, in order; empty for a language without a model."""
        ...


class Ranker(Protocol):
    """A learned order of candidates."""

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the matrix that it was trained on, in order."""
        ...

    def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(candidates, features) -> a score for each candidate; higher is better."""
        ...


class Generator(Protocol):
    """A language model that writes fluent answers. Never believed: see `ask.verify`."""

    model: str

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply. Raises `ModelOutputError` (malformed) or `DependencyUnavailable` (time-out, refused)."""
        ...


class Translator(Protocol):
    """Texts into another language."""

    #: name and version; part of the stage hash and of the key under which translations are found again
    name: str

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> Sequence[str | KgqaError]:
        """One translation per text, in order, or in its place why there is none; languages are ISO 639-1.

        A failure that is `retryable` is an outage. Raises nothing: no text may cost another one its translation.
        """
        ...


class Policy(Protocol):
    """Who belongs to what."""

    def caller(self, subject: str) -> Caller:
        """The caller with all principals; an unknown subject is a member of `public` alone."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, with time zone UTC."""
        ...


class DocumentStore(Protocol):
    """The record, as ingest writes it (role `kgqa_pipeline`)."""

    def collection(self, name: str) -> Collection:
        """The collection, made if missing."""
        ...

    def set_dictionary(self, collection: str, dictionary: Mapping[str, object]) -> None:
        """Replace the domain dictionary."""
        ...

    def remember_source(self, collection: str, source: Source) -> None:
        """The collection has documents of this source: what reading the collection again reads."""
        ...

    def sources(self, collection: str) -> Sequence[Source]:
        """The sources of a collection, in the order in which they came."""
        ...

    def start_run(
        self, collection: str, options: Mapping[str, object], *, resume: bool = True, source: str | None = None
    ) -> int:
        """Id of an ingest run; an unfinished run of the same source (a URI) with the same options is resumed."""
        ...

    def documents_by_source(self, run: int) -> tuple[frozenset[int], frozenset[int]]:
        """Ids of the collection's published documents: those of the run's source, and others that it may take over."""
        ...

    def settle_source(self, run: int, *, gone: Sequence[int], taken: Sequence[int]) -> None:
        """What listing the run's source says: documents that go when the run is published (these and no others), and
        documents that are of this source from now on.
        """
        ...

    def unchanged(
        self, run: int, hashes: Mapping[str, bytes], options: OptionsHashes, *, by_listing: bool = False
    ) -> frozenset[str]:
        """Keys whose live or in this run staged version has this hash of its content, or of its listing, and the
        options hash of its title.
        """
        ...

    def cached_vectors(self, model: str, text_hashes: Sequence[bytes]) -> Mapping[bytes, npt.NDArray[np.float16]]:
        """Vectors of texts that were embedded before."""
        ...

    def kept_translations(self, language: str, engine: str, text_hashes: Sequence[bytes]) -> Mapping[bytes, str]:
        """Translations into a language that an engine made before, by what was translated."""
        ...

    def stage(self, run: int, deltas: Sequence[DocumentDelta]) -> None:
        """Write documents under an unpublished run: nothing reads them yet. Safe to repeat, from many processes."""
        ...

    def stage_deletions(self, run: int, keys: Sequence[str]) -> None:
        """Mark documents to be deleted when the run is published. Unknown keys are ignored."""
        ...

    def publish(self, run: int, *, resolve: bool = True) -> DeltaReport:
        """Make a run visible in one transaction: pointers, names, mentions, document frequencies, dirty keys.

        Repeating it does nothing. `resolve=False` leaves entities to a later `resolve` (Spark does it at scale).
        """
        ...

    def apply_delta(self, delta: IngestDelta) -> DeltaReport:
        """`start_run`, `stage`, `publish` in one transaction: the one-document path. Deletions are hidden before it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NameHit:
    """A visible name that a question uses."""

    name_id: int
    norm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRow:
    """A stored mention as the ask path needs it."""

    chunk_id: int
    start: int
    end: int
    name_id: int
    norm: str
    is_title: bool
    #: type of the sense that the mention has (PERSON, ORG, ERROR_CODE, ...); `` where unknown
    type: str = ""


class SearchIndex(Protocol):
    """Keyword and vector search over numbers only. Permission first: the classes of the view are in every WHERE."""

    def view(self, caller: Caller, collection: str) -> View:
        """What this caller reads of this collection now. Raises `NotFound`."""
        ...

    def candidates(
        self, view: View, *, vector: npt.NDArray[np.float32], text: str, depth: int
    ) -> Sequence[ScoredChunk]:
        """Union of the top `depth` by BM25, chunk vector and best sentence; all three scores exact for every member."""
        ...

    def scores(
        self, view: View, chunk_ids: Sequence[int], *, vector: npt.NDArray[np.float32], text: str
    ) -> Sequence[ScoredChunk]:
        """All three scores of these chunks, as `candidates` gives them; invisible ones are absent."""
        ...

    def sentence_scores(
        self, view: View, chunk_ids: Sequence[int], vector: npt.NDArray[np.float32]
    ) -> Mapping[int, Sequence[tuple[int, int, float]]]:
        """Per chunk its sentences in order as (start, end, cosine)."""
        ...

    def names(self, view: View, norms: Sequence[str]) -> Sequence[NameHit]:
        """Those of the normal forms that are visible names, by norm."""
        ...

    def longest_name_tokens(self, view: View) -> int:
        """Most tokens in a visible name; bounds the longest match over a question."""
        ...

    def mentions(self, view: View, chunk_ids: Sequence[int]) -> Sequence[MentionRow]:
        """Mentions in these chunks, by chunk and start."""
        ...

    def evidence(self, view: View, chunk_ids: Sequence[int]) -> Sequence[EvidenceChunk]:
        """Texts and places of these chunks, in the given order; invisible ones are absent. Row-level security holds."""
        ...

    def document_keys(self, view: View, chunk_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Per visible chunk the keys of its document and of the document's visible exact duplicates, sorted."""
        ...


class GraphStore(Protocol):
    """The projection: only the projector writes it, everything in it can be rebuilt from the record."""

    def expand(self, view: View, *, chunk_ids: Sequence[int], name_ids: Sequence[int], hub_chunks: int) -> Subgraph:
        """Names of the seed chunks, their chunks, and the names of the chunks that seed names reach.

        A name with more than `hub_chunks` visible chunks is left out. The view's classes are checked on every chunk.
        """
        ...

    def project(self, limit: int = 5_000) -> int:
        """Re-read the current state of dirty keys and replace those pieces of the graph; number of keys done."""
        ...

    def rebuild(self, generation: int) -> None:
        """Drop the generation and project everything again."""
        ...

    def counts(self, generation: int) -> GraphCounts:
        """Nodes by label and relationships by type."""
        ...


class Library(Protocol):
    """Documents and entities as the API shows them (role `kgqa_app`, row-level security)."""

    def collections(self, caller: Caller) -> Sequence[Collection]:
        """Collections with at least one visible document, by name; counts are of what is visible."""
        ...

    def document(self, caller: Caller, document_id: int) -> DocumentView | None:
        """A document, or None."""
        ...

    def documents(self, view: View, *, first: int, after: str | None) -> Page[DocumentView]:
        """Documents by key."""
        ...

    def entity(self, view: View, entity_id: int) -> Entity | None:
        """The entity as this view resolves it: visible aliases, joined by visible evidence."""
        ...

    def entities(self, view: View, *, text: str | None, first: int, after: str | None) -> Page[Entity]:
        """Entities by name; `text` matches any of their visible aliases."""
        ...

    def neighbourhood(self, view: View, entity_id: int, *, limit: int) -> Neighbourhood:
        """Entities that share a visible claim or chunk with it, strongest first."""
        ...


class JobQueue(Protocol):
    """Jobs in Postgres."""

    def enqueue(self, kind: str, payload: Mapping[str, object], *, key: str, requested_by: str) -> Job:
        """Insert a job; the same `key` twice gives the first job again."""
        ...

    def claim(self, job_id: int, owner: str, lease_seconds: int, *, max_attempts: int) -> Job | None:
        """Start a job, or take it over when its worker died; None when held, ended, or out of attempts."""
        ...

    def heartbeat(self, job: Job, progress: Mapping[str, object], lease_seconds: int) -> bool:
        """Extend the lease; False when the attempt is no longer ours (stop working)."""
        ...

    def finish(self, job: Job, result: Mapping[str, object]) -> bool:
        """Done; False when the attempt is no longer ours."""
        ...

    def fail(self, job: Job, error: str, *, retryable: bool, max_attempts: int) -> str:
        """The new state: queued again, failed, or dead."""
        ...

    def due(self, limit: int = 100) -> Sequence[Job]:
        """Queued jobs, and running ones whose lease has run out; oldest first."""
        ...

    def job(self, caller: Caller, job_id: int) -> Job | None:
        """A job that the caller asked for."""
        ...
