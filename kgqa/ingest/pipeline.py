"""Ingest, one step after the other: read -> chunk -> translate -> extract -> analyse -> embed -> DocumentDelta.

Spark partitions and Celery tasks call these same functions. What needs more than the document itself
(mentions, entities) waits for the record: see `ingest.annotate` and `ingest.resolve`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kgqa.errors import KgqaError
from kgqa.ingest.chunk import CHUNKER_VERSION, ChunkOptions, chunk
from kgqa.ingest.dedupe import content_hash, minhash
from kgqa.ingest.extract import document_names
from kgqa.ingest.mask import PersonalData
from kgqa.ingest.parse import (
    PARSER_VERSION,
    PLAIN_READER,
    FormatReader,
    ParseLimits,
    file_title,
    has_text,
    has_title,
    is_skip,
    parse,
)
from kgqa.ingest.translate import Pivot, Translated, translate
from kgqa.model.delta import DocumentDelta, OptionsHashes
from kgqa.model.document import Chunk, Document, Outcome, RawDocument
from kgqa.model.mention import Claim, DictionaryMatch, Equivalence, NameSupport
from kgqa.model.pii import SealedValue
from kgqa.ports import Embedder, Extractor
from kgqa.telemetry import step
from kgqa.text.language import LANGUAGE_VERSION
from kgqa.text.terms import ANALYSER_VERSION, chunk_terms

SUBJECT_VERSION = "1"

VectorCache = Callable[[str, Sequence[bytes]], Mapping[bytes, npt.NDArray[np.float16]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What a document's delta depends on besides the document and the models."""

    limits: ParseLimits = field(default_factory=ParseLimits)
    chunks: ChunkOptions = field(default_factory=ChunkOptions)
    #: what happens to personal data; None: nothing
    personal: PersonalData | None = None
    #: reads the formats; Spark sends it to every task
    reader: FormatReader = PLAIN_READER


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestParts:
    """The models of one ingest, and what is known already."""

    extractor: Extractor
    embedder: Embedder
    options: IngestOptions = field(default_factory=IngestOptions)
    #: vectors of texts that were embedded before, by (model, text hash)
    cached_vectors: VectorCache | None = None
    #: what chunks in other languages are translated to, and by whom; None: nothing is
    pivot: Pivot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A raw document with what reading it gave: a document, or a reason."""

    raw: RawDocument
    document: Document | None
    outcome: Outcome
    reason: str = ""
    chunks: tuple[Chunk, ...] = ()
    #: of what was delivered, where `raw` holds it no more; empty: that of `raw`
    content_hash: bytes = b""
    sealed: tuple[SealedValue, ...] = ()

    def hash(self) -> bytes:
        """Hash of what the source delivered."""
        return self.content_hash or content_hash(self.raw)


def stage_versions(parts: IngestParts) -> Mapping[str, object]:
    """The options of every stage; a stage whose entry differs has to run again."""
    personal = parts.options.personal
    return {
        "parse": [PARSER_VERSION, parts.options.reader.version],
        "language": LANGUAGE_VERSION,
        "chunk": [CHUNKER_VERSION, parts.options.chunks.target_tokens, parts.options.chunks.max_tokens],
        "extract": parts.extractor.version,
        "terms": ANALYSER_VERSION,
        "embed": parts.embedder.model,
        **({"pii": personal.version} if personal else {}),
        **({"translate": parts.pivot.version} if parts.pivot else {}),
    }


def options_hashes(versions: Mapping[str, object]) -> OptionsHashes:
    """Hashes of `stage_versions`; the rule of first sentences concerns documents alone that have no title."""
    return OptionsHashes(usual=_hash(versions), named_by_file=_hash({**versions, "subject": SUBJECT_VERSION}))


def _hash(versions: Mapping[str, object]) -> bytes:
    return sha256(json.dumps(versions, sort_keys=True).encode()).digest()


def read_document(raw: RawDocument, options: IngestOptions) -> ReadDocument:
    """Parse, clean, mask and chunk one document. Bad input becomes a failed or skipped one, never an exception."""
    reading = _read(raw, options)
    if options.personal is None or not options.personal.masks:
        return reading
    return replace(reading, raw=replace(raw, data=b""), content_hash=content_hash(raw))


def _read(raw: RawDocument, options: IngestOptions) -> ReadDocument:
    sealed: tuple[SealedValue, ...] = ()
    try:
        if not has_text(raw):
            return ReadDocument(raw=raw, document=None, outcome=Outcome.SKIPPED, reason="The document is empty.")
        document = parse(raw, options.limits, options.reader)
        if options.personal is not None:
            document, sealed = options.personal.apply(document)
        chunks = tuple(chunk(document, options.chunks))
    except KgqaError as problem:
        outcome = Outcome.SKIPPED if is_skip(problem) else Outcome.FAILED
        return ReadDocument(raw=raw, document=None, outcome=outcome, reason=str(problem))
    if not chunks:
        return ReadDocument(raw=raw, document=None, outcome=Outcome.SKIPPED, reason="The document has no text.")
    return ReadDocument(raw=raw, document=document, outcome=Outcome.INDEXED, chunks=chunks, sealed=sealed)


def enrich(
    readings: Sequence[ReadDocument],
    parts: IngestParts,
    *,
    dictionary_matches: Mapping[int, Sequence[DictionaryMatch]] | None = None,
) -> list[DocumentDelta]:
    """Extract, analyse and embed a batch of documents; one delta per reading, in order.

    `dictionary_matches` (by chunk id) replaces the matching of the domain dictionary where a faster matcher did it.
    """
    versions = options_hashes(stage_versions(parts))
    # unlike any hash that a document is compared with: the next ingest reads it again
    unfinished = _hash({**stage_versions(parts), "unfinished": "translate"})
    indexed = [r for r in readings if r.document is not None]
    extracted = iter(_extract(indexed, parts, dictionary_matches))
    embedded = iter(_embed(indexed, parts))
    translated = iter(_translate(indexed, parts))
    deltas: list[DocumentDelta] = []
    for reading in readings:
        if reading.document is None:
            deltas.append(_without_text(reading, versions.usual))
        else:
            warnings = parts.extractor.warnings({c.language for c in reading.chunks})
            is_named_by_file = reading.document.title == file_title(reading.document.key)
            version = versions.named_by_file if is_named_by_file else versions.usual
            delta = _indexed(reading, reading.document, version, next(extracted), next(embedded))
            of_pivot = next(translated)
            deltas.append(
                replace(
                    delta,
                    options_hash=unfinished if of_pivot.is_unfinished else version,
                    reason=of_pivot.reason,
                    translations=of_pivot.translations,
                    warnings=(*delta.warnings, *warnings),
                )
            )
    return deltas


def ingest_documents(raws: Sequence[RawDocument], parts: IngestParts) -> list[DocumentDelta]:
    """All steps for a few documents: what a Celery task runs."""
    return enrich([read_document(raw, parts.options) for raw in raws], parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extracted:
    names: tuple[NameSupport, ...]
    equivalences: tuple[Equivalence, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Embedded:
    chunk_hashes: tuple[bytes, ...]
    chunk_vectors: npt.NDArray[np.float16]
    sentence_hashes: tuple[bytes, ...]
    sentence_vectors: npt.NDArray[np.float16]


def _extract(
    readings: Sequence[ReadDocument],
    parts: IngestParts,
    matches: Mapping[int, Sequence[DictionaryMatch]] | None,
) -> list[_Extracted]:
    chunks = [c for r in readings for c in r.chunks]
    openings = frozenset(r.chunks[0].id for r in readings if r.document and _needs_subject(r.document))
    found = iter(parts.extractor.extract(chunks, dictionary_matches=matches, openings=openings))
    result: list[_Extracted] = []
    for reading in readings:
        assert reading.document is not None
        triples = [next(found) for _ in reading.chunks]
        names = [*document_names(reading.document, reading.chunks)]
        names += [name for triple in triples for name in triple[0]]
        result.append(
            _Extracted(
                names=tuple(dict.fromkeys(names)),
                equivalences=tuple(dict.fromkeys(e for triple in triples for e in triple[1])),
                claims=tuple(dict.fromkeys(c for triple in triples for c in triple[2])),
            )
        )
    return result


def _translate(readings: Sequence[ReadDocument], parts: IngestParts) -> list[Translated]:
    if parts.pivot is None:
        return [Translated() for _ in readings]
    documents = [(r.document, r.chunks) for r in readings if r.document is not None]
    with step("ingest.translate"):
        return translate(documents, parts.pivot)


def _needs_subject(document: Document) -> bool:
    """Whether nothing but its file says what the document is about; records have their keys, and code no sentences."""
    return not has_title(document) and document.blocks[0].kind in ("paragraph", "list")


def passages(document: Document, chunks: Sequence[Chunk]) -> list[str]:
    """The text of each chunk that is analysed and embedded."""
    return [c.passage(document.title) for c in chunks]


def sentence_passages(document: Document, chunks: Sequence[Chunk]) -> list[str]:
    """The text of each sentence that is embedded: its context, a colon, the sentence."""
    texts: list[str] = []
    for c in chunks:
        context = c.context(document.title)
        for s in c.sentences:
            sentence = c.text[s.start : s.end]
            texts.append(f"{context}: {sentence}" if context else sentence)
    return texts


def _embed(readings: Sequence[ReadDocument], parts: IngestParts) -> list[_Embedded]:
    texts: list[str] = []
    bounds = [0]
    for reading in readings:
        assert reading.document is not None
        for group in (passages, sentence_passages):
            texts += group(reading.document, reading.chunks)
            bounds.append(len(texts))
    hashes = [sha256(text.encode()).digest()[:16] for text in texts]
    vectors = _vectors(texts, hashes, parts)
    spans = [slice(a, b) for a, b in pairwise(bounds)]
    return [
        _Embedded(
            chunk_hashes=tuple(hashes[of_chunks]),
            chunk_vectors=vectors[of_chunks],
            sentence_hashes=tuple(hashes[of_sentences]),
            sentence_vectors=vectors[of_sentences],
        )
        for of_chunks, of_sentences in zip(spans[::2], spans[1::2], strict=True)
    ]


def _vectors(texts: Sequence[str], hashes: Sequence[bytes], parts: IngestParts) -> npt.NDArray[np.float16]:
    """Vectors of all texts; a text that was embedded before, or occurs twice, is not embedded again."""
    distinct = list(dict.fromkeys(hashes))
    known = parts.cached_vectors(parts.embedder.model, distinct) if parts.cached_vectors and distinct else {}
    text_of = dict(zip(hashes, texts, strict=True))
    missing = [h for h in distinct if h not in known]
    fresh = parts.embedder.embed([text_of[h] for h in missing], "passage").astype(np.float16)
    rows = {**known, **dict(zip(missing, fresh, strict=True))}
    result = np.empty((len(texts), parts.embedder.dimensions), np.float16)
    for i, h in enumerate(hashes):
        result[i] = rows[h]
    return result


def _without_text(reading: ReadDocument, version: bytes) -> DocumentDelta:
    raw = reading.raw
    return DocumentDelta(
        collection=raw.collection,
        key=raw.key,
        uri=raw.uri,
        principals=raw.principals,
        content_hash=reading.hash(),
        options_hash=version,
        outcome=reading.outcome,
        reason=reading.reason,
        raw=raw.data,
        listing_hash=raw.listing_hash,
    )


def _indexed(
    reading: ReadDocument, document: Document, version: bytes, extracted: _Extracted, embedded: _Embedded
) -> DocumentDelta:
    raw = reading.raw
    texts = passages(document, reading.chunks)
    return DocumentDelta(
        collection=raw.collection,
        key=raw.key,
        uri=raw.uri,
        principals=raw.principals,
        content_hash=reading.hash(),
        options_hash=version,
        outcome=Outcome.INDEXED,
        raw=raw.data,
        document=document,
        chunks=reading.chunks,
        terms=tuple(chunk_terms(t, c.language) for t, c in zip(texts, reading.chunks, strict=True)),
        names=extracted.names,
        equivalences=extracted.equivalences,
        claims=extracted.claims,
        chunk_hashes=embedded.chunk_hashes,
        chunk_vectors=embedded.chunk_vectors,
        sentence_hashes=embedded.sentence_hashes,
        sentence_vectors=embedded.sentence_vectors,
        signature=minhash(document.text),
        sealed=reading.sealed,
        warnings=document.warnings,
        listing_hash=raw.listing_hash,
    )
