"""Answers with their citations and evidence, whole or as the events that they are made of."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry

from api.graphql.types.documents import SECONDS, Document, Passage, cited_document, passage
from kgqa.model import answer as model


@strawberry.type(description="A list that found a chunk, and its place there, from 1.")
class ListPlace:
    """A list."""

    name: str = strawberry.field(description="`keyword`, `vector` or `graph`.")
    place: int


@strawberry.type(description="Why a citation is there, by what the caller may read.")
class CitationReason:
    """A reason."""

    rank: int = strawberry.field(description="Place of its chunk in the evidence, from 1.")
    lists: list[ListPlace] = strawberry.field(description="Empty for a chunk that was reached from other evidence.")
    path: str = strawberry.field(description="From a name of the question to its chunk; empty where none leads there.")
    verified: str = strawberry.field(
        description="`copied`: the sentence stands in the quote word for word; `supported`: its words, numbers and "
        "names do."
    )


@strawberry.type(description="A quote that holds: `quote` is the document's text from `start` to `end`.")
class Citation:
    """A numbered citation."""

    n: int = strawberry.field(description="Its number in the answer.")
    document: Document
    chunk_id: strawberry.ID
    start: int
    end: int
    quote: str
    heading_path: list[str]
    page: int | None
    seconds: list[float] | None = strawberry.field(description=SECONDS)
    reason: CitationReason
    translation: str | None = strawberry.field(
        description="Of the passage that the quote is from, by machine; null unless the question is in the language of "
        "the translation."
    )
    translation_language: str | None


@strawberry.type(description="A chunk or a name on the evidence graph.")
class EvidenceNode:
    """A node."""

    id: strawberry.ID = strawberry.field(description="`chunk:ID` or `name:ID`.")
    kind: str
    label: str


@strawberry.type(description="A chunk mentions a name.")
class EvidenceRelation:
    """An edge."""

    chunk_id: strawberry.ID
    name_id: strawberry.ID
    is_title: bool


@strawberry.type(description="How a cited chunk hangs together with the question or another cited chunk.")
class EvidencePath:
    """Alternating nodes."""

    nodes: list[strawberry.ID]
    label: str
    chunk_ids: list[strawberry.ID] = strawberry.field(description="Chunks on the path: what its steps stand on.")


@strawberry.type(description="What the answer stands on.")
class Evidence:
    """Chunks and the graph between them."""

    chunks: list[Passage]
    nodes: list[EvidenceNode]
    relations: list[EvidenceRelation]
    paths: list[EvidencePath]


@strawberry.type(description="Seconds that one step took.")
class Timing:
    """A step."""

    step: str
    seconds: float


@strawberry.type(description="A cited answer, or an abstention that says what was searched.")
class Answer:
    """The whole."""

    question: str
    answer: str = strawberry.field(description="With citation marks such as [1].")
    short: str = strawberry.field(description="The shortest span that answers, where one was found.")
    abstained: bool
    confidence: float | None = strawberry.field(
        description="Probability that the evidence answers the question; null where no model judged it."
    )
    citations: list[Citation]
    evidence: Evidence
    warnings: list[str]
    timings: list[Timing]


@strawberry.type(description="The evidence, before the first word.")
class SourcesFound:
    """First event."""

    chunks: list[Passage]


@strawberry.type(description="The evidence graph.")
class GraphFound:
    """Second event."""

    evidence: Evidence


@strawberry.type(description="A piece of the answer.")
class TextDelta:
    """Text, to be appended."""

    text: str


@strawberry.type(description="A citation, as soon as it holds.")
class CitationFound:
    """A citation."""

    citation: Citation


@strawberry.type(description="Something the reader should know.")
class WarningRaised:
    """A warning."""

    message: str


@strawberry.type(description="The end, with the whole answer.")
class Finished:
    """Last event."""

    answer: Answer


@strawberry.type(description="The end, without an answer.")
class Failed:
    """Last event."""

    code: str
    message: str
    retryable: bool


AnswerEvent: TypeAlias = Annotated[
    SourcesFound | GraphFound | TextDelta | CitationFound | WarningRaised | Finished | Failed,
    strawberry.union("AnswerEvent", description="An answer as it comes about. The last is `Finished` or `Failed`."),
]


def answer(value: model.Answer) -> Answer:
    """The finished answer."""
    return Answer(
        question=value.question,
        answer=value.text,
        short=value.short,
        abstained=value.abstained,
        confidence=value.confidence,
        citations=[citation(c) for c in value.citations],
        evidence=evidence(value.evidence),
        warnings=list(value.warnings),
        timings=[Timing(step=step, seconds=seconds) for step, seconds in value.timings.items()],
    )


def citation(value: model.Citation) -> Citation:
    """A citation."""
    return Citation(
        n=value.n,
        document=cited_document(value),
        chunk_id=strawberry.ID(str(value.chunk_id)),
        start=value.start,
        end=value.end,
        quote=value.quote,
        heading_path=list(value.heading_path),
        page=value.page,
        seconds=list(value.seconds) if value.seconds else None,
        reason=_reason(value.reason),
        translation=value.translation or None,
        translation_language=value.translation_language or None,
    )


def _reason(value: model.CitationReason) -> CitationReason:
    return CitationReason(
        rank=value.rank,
        lists=[ListPlace(name=found.name, place=found.place) for found in value.lists],
        path=value.path,
        verified=value.verified,
    )


def evidence(value: model.Evidence) -> Evidence:
    """Chunks, nodes, edges and paths."""
    return Evidence(
        chunks=[passage(chunk) for chunk in value.chunks],
        nodes=[EvidenceNode(id=strawberry.ID(n.id), kind=n.kind, label=n.label) for n in value.nodes],
        relations=[
            EvidenceRelation(
                chunk_id=strawberry.ID(str(e.chunk_id)), name_id=strawberry.ID(str(e.name_id)), is_title=e.is_title
            )
            for e in value.edges
        ],
        paths=[
            EvidencePath(
                nodes=[strawberry.ID(n) for n in p.nodes],
                label=p.label,
                chunk_ids=[strawberry.ID(str(chunk)) for chunk in p.chunk_ids],
            )
            for p in value.paths
        ],
    )


def event(
    value: model.AnswerEvent,
) -> SourcesFound | GraphFound | TextDelta | CitationFound | WarningRaised | Finished | Failed:
    """An event."""
    match value:
        case model.SourcesFound():
            return SourcesFound(chunks=[passage(chunk) for chunk in value.chunks])
        case model.GraphFound():
            return GraphFound(evidence=evidence(value.evidence))
        case model.TextDelta():
            return TextDelta(text=value.text)
        case model.CitationFound():
            return CitationFound(citation=citation(value.citation))
        case model.WarningRaised():
            return WarningRaised(message=value.message)
        case model.Finished():
            return Finished(answer=answer(value.answer))
        case model.Failed():
            return Failed(code=value.code, message=value.message, retryable=value.retryable)
