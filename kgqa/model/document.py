"""Documents and their pieces. Offsets count Unicode code points; `end` is exclusive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

PUBLIC = "public"


class Outcome(StrEnum):
    """What became of a document."""

    INDEXED = "indexed"
    #: the same text exists in the same access class; it answers through the original
    DUPLICATE = "duplicate"
    #: nothing to index (empty, unsupported type); not an error
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """A document as its source delivered it, before anything was read out of it."""

    #: collection that it belongs to
    collection: str
    #: stable key inside the collection (path inside the lake, external id)
    key: str
    #: where it can be opened
    uri: str
    data: bytes
    #: IANA media type if the source knows it
    media_type: str | None = None
    #: who may read it: `public`, `user:NAME`, `group:NAME`; sorted, without repeats
    principals: tuple[str, ...] = (PUBLIC,)
    #: what the source says about it; wins over what the file says
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    #: hash of what the source delivered, where that was recorded and the source is not asked again
    recorded_hash: bytes = b""
    #: of what the listing said when it was read (see `ingest.dedupe.listing_hash`); empty: not known
    listing_hash: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFile:
    """A file of a lake that is a document, as a listing shows it."""

    #: path inside the lake
    key: str
    uri: str
    #: as the file system has it; names need not be text
    path: bytes
    #: in bytes
    size: int = 0
    #: etag, size, times: differs when the content does; empty: nothing that can be relied on
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a document's text with one place in its structure. Blocks do not overlap and come in reading order."""

    #: offsets into `Document.text`
    start: int
    end: int
    #: `heading`, `paragraph`, `list`, `table`, `code`
    kind: str
    #: headings above this block, outermost first; a heading block ends with its own text
    heading_path: tuple[str, ...] = ()
    #: page number from 1 where the format has pages
    page: int | None = None
    #: from and to in a recording, where it is of one
    seconds: tuple[float, float] | None = None
    #: key of a table row (first column) or of a record, where there is one
    row_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed and cleaned document. `text` is what chunks, offsets and quotes refer to."""

    collection: str
    key: str
    uri: str
    principals: tuple[str, ...]
    media_type: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    #: ISO 639-1, or `und`
    language: str
    #: author, created, modified, subject, from, to, ... as text
    metadata: Mapping[str, str]
    #: sha256 of the raw bytes, the metadata and the principals' independent inputs (see `ingest.pipeline.content_hash`)
    content_hash: bytes
    #: things a reader should know (pages without text, replaced characters)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a chunk; offsets are relative to the chunk."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A contiguous piece of one document: `text == document.text[start:end]`."""

    #: hash of (collection, document key, text, n-th repeat, chunker version); see `model.identity`
    id: int
    ordinal: int
    text: str
    #: offsets into the document's text
    start: int
    end: int
    heading_path: tuple[str, ...]
    language: str
    page: int | None
    sentences: tuple[Sentence, ...]
    #: row key of the table row or record that the chunk holds, if it holds exactly one
    row_key: str | None = None
    #: from and to in a recording, where it is of one
    seconds: tuple[float, float] | None = None

    def context(self, title: str) -> str:
        """Title and headings, joined: what a reader of the chunk alone would need to know where it stands."""
        return context_line(title, self.heading_path)

    def passage(self, title: str) -> str:
        """The text that is indexed: context line, then the chunk."""
        return indexed_text(title, self.heading_path, self.text)


def context_line(title: str, heading_path: Sequence[str]) -> str:
    """Title and headings, joined."""
    return " > ".join(part for part in (title, *(h for h in heading_path if h != title)) if part)


def indexed_text(title: str, heading_path: Sequence[str], text: str) -> str:
    """The text of a chunk as it is analysed and embedded: context line, then the chunk."""
    context = context_line(title, heading_path)
    return f"{context}\n{text}" if context else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where documents of a collection come from."""

    #: folder, or BEIR folder, or corpus file, or prefix of an object store
    uri: str
    #: access lists; None: those that lie in it
    access_uri: str | None = None
