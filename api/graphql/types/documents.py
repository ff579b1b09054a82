"""Documents, and passages of them."""

# ruff: noqa: D102 - fields say in the schema what they are

from __future__ import annotations

import strawberry
from strawberry import relay

from api.context import Info
from kgqa.errors import NotFound
from kgqa.model.answer import Citation as CitationValue
from kgqa.model.answer import EvidenceChunk as EvidenceChunkValue
from kgqa.model.library import DocumentView

SECONDS = "From and to in the recording, where the document is one."


@strawberry.type(description="One thing that a source says about a document.")
class Metadata:
    """A pair."""

    key: str
    value: str


@strawberry.type(description="A document that the caller may read.")
class Document(relay.Node):
    """Where only a citation is known, the rest is read when it is asked for, through the caller's permissions."""

    number: relay.NodeID[str]
    key: str = strawberry.field(description="Its stable key inside the collection.")
    title: str
    uri: str = strawberry.field(description="Where the original can be opened.")
    loaded: strawberry.Private[DocumentView | None] = None

    @strawberry.field
    async def collection(self, info: Info) -> str:
        return (await self._view(info)).collection

    @strawberry.field
    async def media_type(self, info: Info) -> str:
        return (await self._view(info)).media_type

    @strawberry.field(description="ISO 639-1, or `und`.")
    async def language(self, info: Info) -> str:
        return (await self._view(info)).language

    @strawberry.field(description="The text that offsets refer to, in Unicode code points; `end` is exclusive.")
    async def text(self, info: Info, start: int = 0, end: int | None = None) -> str:
        return (await self._view(info)).text[max(start, 0) : None if end is None else max(end, 0)]

    @strawberry.field
    async def metadata(self, info: Info) -> list[Metadata]:
        view = await self._view(info)
        return [Metadata(key=key, value=value) for key, value in sorted(view.metadata.items())]

    @strawberry.field(description="`indexed`, `duplicate`, `skipped` or `failed`.")
    async def outcome(self, info: Info) -> str:
        return (await self._view(info)).outcome

    @strawberry.field(description="Why it was not indexed, or not translated.")
    async def reason(self, info: Info) -> str:
        return (await self._view(info)).reason

    async def _view(self, info: Info) -> DocumentView:
        view = self.loaded or await info.context.documents.load(int(self.number))
        if view is None:
            raise NotFound
        return view


@strawberry.type(description="A chunk of a document, with its place.")
class Passage:
    """A chunk as evidence or search result."""

    chunk_id: strawberry.ID
    rank: int = strawberry.field(description="From 1, best first.")
    document: Document
    heading_path: list[str]
    page: int | None
    seconds: list[float] | None = strawberry.field(description=SECONDS)
    start: int = strawberry.field(description="Offset into the document's text.")
    end: int
    text: str
    language: str
    reasons: list[str] = strawberry.field(description="Why it was found: `keyword`, `vector`, `graph`.")
    translation: str | None = strawberry.field(
        description="Its text in the collection's pivot language, by machine; null unless the question is in it."
    )
    translation_language: str | None


def document(view: DocumentView) -> Document:
    """A document that was read."""
    return Document(number=str(view.id), key=view.key, title=view.title, uri=view.uri, loaded=view)


def cited_document(place: CitationValue | EvidenceChunkValue) -> Document:
    """The document of a passage, as far as the passage says."""
    return Document(number=str(place.document_id), key=place.document_key, title=place.title, uri=place.uri)


def passage(chunk: EvidenceChunkValue) -> Passage:
    """A chunk with its place."""
    return Passage(
        chunk_id=strawberry.ID(str(chunk.chunk_id)),
        rank=chunk.rank,
        document=cited_document(chunk),
        heading_path=list(chunk.heading_path),
        page=chunk.page,
        seconds=list(chunk.seconds) if chunk.seconds else None,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        language=chunk.language,
        reasons=list(chunk.reasons),
        translation=chunk.translation or None,
        translation_language=chunk.translation_language or None,
    )
