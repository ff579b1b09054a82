"""IngestDelta: what reading documents produced, ready for the record. Spark and Celery both make these."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kgqa.model.document import Chunk, Document, Outcome
from kgqa.model.mention import Claim, Equivalence, NameSupport
from kgqa.model.pii import SealedValue

Vectors = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTerms:
    """Keyword side of one chunk: parallel arrays of term ids (sorted) and BM25 term weights without idf."""

    terms: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTranslation:
    """A chunk's text in the pivot language of its collection: found by its words, shown beside the original."""

    text: str
    #: ISO 639-1
    language: str
    #: who translated: name and version
    engine: str
    #: of what was translated, with its language: the key under which the translation is found again
    text_hash: bytes
    #: of the translation, as its language counts them
    terms: ChunkTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsHashes:
    """Hashes of the options of every stage, by what a delta depends on."""

    usual: bytes
    #: of a document that is called as its file is: what its first sentence is about may stand for a title
    named_by_file: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDelta:
    """Everything that follows from one document alone. Mentions wait for the gazetteer (see `ingest.annotate`)."""

    collection: str
    key: str
    uri: str
    principals: tuple[str, ...]
    content_hash: bytes
    #: hash of the options of every stage that this delta depends on
    options_hash: bytes
    outcome: Outcome
    #: why it failed, was skipped, is a duplicate or is not translated: a sentence a person can act on
    reason: str = ""
    #: as delivered; kept so that a document can be read again, except where personal data is masked
    raw: bytes = b""
    #: what the tokens in the text stand for
    sealed: tuple[SealedValue, ...] = ()
    #: None unless indexed or duplicate
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    #: parallel to chunks
    terms: tuple[ChunkTerms, ...] = ()
    #: parallel to chunks, None for a chunk that is not translated; empty: none is
    translations: tuple[ChunkTranslation | None, ...] = ()
    names: tuple[NameSupport, ...] = ()
    equivalences: tuple[Equivalence, ...] = ()
    claims: tuple[Claim, ...] = ()
    #: (len(chunks), d), unit length
    chunk_vectors: Vectors | None = None
    #: (total sentences, d) in order of chunks and sentences, unit length
    sentence_vectors: Vectors | None = None
    #: hashes of the texts that were embedded, parallel to the vectors: the key of the vector cache, with the model
    chunk_hashes: tuple[bytes, ...] = ()
    sentence_hashes: tuple[bytes, ...] = ()
    #: near-duplicate signature (MinHash), for marking
    signature: bytes = b""
    warnings: tuple[str, ...] = ()
    #: of what the listing said when it was read; empty: not known
    listing_hash: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestDelta:
    """A change of one collection: documents to put (new or changed) and keys to delete."""

    collection: str
    upserts: tuple[DocumentDelta, ...] = ()
    deletions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaReport:
    """What applying a delta did."""

    indexed: int = 0
    duplicates: int = 0
    skipped: int = 0
    failed: int = 0
    deleted: int = 0
    unchanged: int = 0
    #: indexed documents with passages that should have been translated and are not
    untranslated: int = 0
    #: chunks that were new, and chunks whose mentions were computed again because names came or went
    chunks_added: int = 0
    chunks_reannotated: int = 0
    #: (document key, reason) of the failed, skipped, duplicate and untranslated ones
    reasons: tuple[tuple[str, str], ...] = field(default_factory=tuple)
