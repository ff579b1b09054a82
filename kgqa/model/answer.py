"""Questions, evidence, citations, answers, and the typed events that an answer is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Resolved once per request; every read receives it."""

    #: `user:NAME` or `public`
    subject: str
    #: the subject, its groups (transitively) and `public`; sorted
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one request reads: one collection, one generation, the access classes its caller sees."""

    caller: Caller
    collection: str
    collection_id: int
    generation: int
    #: visible access classes, sorted
    classes: tuple[int, ...]
    #: visible chunks; 0 where nobody counted
    chunks: int = 0
    #: of the generation's vectors (see `Generation`); empty: nobody said
    model: str = ""
    encoder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, understood."""

    text: str
    #: ISO 639-1 or `und`
    language: str
    #: ids of known, visible names found in the question
    name_ids: tuple[int, ...] = ()
    #: their normal forms, parallel
    names: tuple[str, ...] = ()
    #: PERSON, ORG, DATE, NUMBER, IDENTIFIER, YESNO, ... or `` where nothing is expected
    answer_type: str = ""
    #: names and identifiers as the question writes them, known or not
    surfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredChunk:
    """A candidate with its scores. Raw scores never leave the process."""

    chunk_id: int
    #: BM25 over the visible classes, 0 where no rare term matches
    keyword: float = 0.0
    #: cosine of the chunk vector
    vector: float = 0.0
    #: best cosine of its sentences
    sentence: float = 0.0
    language: str = "und"
    #: of its translation; empty: there is none
    translation_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceChunk:
    """A chunk as evidence, with its text and place, read through row-level security."""

    chunk_id: int
    document_id: int
    document_key: str
    title: str
    uri: str
    heading_path: tuple[str, ...]
    page: int | None
    #: offsets into the document's text
    start: int
    end: int
    text: str
    language: str
    #: sentence spans relative to the chunk
    sentences: tuple[tuple[int, int], ...]
    #: from and to in a recording, where it is of one
    seconds: tuple[float, float] | None = None
    #: final order, from 1
    rank: int = 0
    #: why it is here: `keyword`, `vector`, `graph`
    reasons: tuple[str, ...] = ()
    #: its text in the collection's pivot language, by a machine; empty: there is none
    translation: str = ""
    translation_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A chunk or a name on the evidence graph."""

    #: `chunk:ID` or `name:ID`
    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """A chunk mentions a name."""

    chunk_id: int
    name_id: int
    is_title: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePath:
    """How a cited chunk hangs together with the question or another cited chunk: alternating node ids."""

    nodes: tuple[str, ...]
    #: the same as words: "E-417 - [Seal kit notes] - Kestrel Seals"
    label: str
    #: chunks on the path, in its order: their text is what each step stands on
    chunk_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlace:
    """A list that found a chunk."""

    #: `keyword`, `vector` or `graph`
    name: str
    #: place in it among what the caller may read, from 1
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationReason:
    """Why a citation is there. Places, not scores: those are comparable to nothing."""

    #: place of its chunk in the evidence, from 1
    rank: int
    #: empty for a chunk that was only reached from another one
    lists: tuple[ListPlace, ...]
    #: from a name of the question to its chunk, as words; empty where no name leads there
    path: str
    #: `copied`: the sentence stands in the quote word for word; `supported`: its words, numbers and names do
    verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A quote from a document: `quote == document.text[start:end]`, checked again before it leaves."""

    #: number in the answer, from 1
    n: int
    document_id: int
    document_key: str
    title: str
    uri: str
    chunk_id: int
    heading_path: tuple[str, ...]
    page: int | None
    #: offsets into the document's text
    start: int
    end: int
    quote: str
    reason: CitationReason
    #: from and to in a recording, of the chunk that is quoted
    seconds: tuple[float, float] | None = None
    #: of the passage that the quote is from, where the question is in that language and the passage is not
    translation: str = ""
    translation_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the answer stands on."""

    chunks: tuple[EvidenceChunk, ...] = ()
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    paths: tuple[EvidencePath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The finished answer. `text` carries citation marks such as [1]."""

    question: str
    text: str
    #: the shortest span that answers, where one was found
    short: str
    abstained: bool
    #: probability that the evidence answers the question, calibrated on open data; None where no model judged it
    confidence: float | None
    citations: tuple[Citation, ...]
    evidence: Evidence
    warnings: tuple[str, ...]
    #: seconds by step
    timings: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesFound:
    """The evidence, before the first word."""

    chunks: tuple[EvidenceChunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFound:
    """The evidence graph."""

    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationFound:
    """A citation, as soon as it holds."""

    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRaised:
    """Something the reader should know."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end; carries the whole answer."""

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The end, without an answer."""

    code: str
    message: str
    retryable: bool


AnswerEvent = SourcesFound | GraphFound | TextDelta | CitationFound | WarningRaised | Finished | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """Constants of the ask path; sources and ablations in docs/decisions/0006-retrieval-recipe.md."""

    #: depth of each of the three lists
    list_depth: int = 200
    #: a weight of 0 switches its list off, that of sentences also their share in the walk and in the ranking
    keyword_weight: float = 0.35
    vector_weight: float = 0.30
    sentence_weight: float = 0.35
    #: restart weights fall off as exp((score - best) / seed_temperature)
    seed_temperature: float = 0.05
    seed_chunks: int = 50
    #: 0: names of the question are not looked for in the graph nor in titles
    question_name_weight: float = 0.3
    sentence_name_weight: float = 0.5
    sentence_name_temperature: float = 0.015
    sentence_seed_chunks: int = 5
    title_weight: float = 3.0
    #: names mentioned by more chunks than this are no bridges
    hub_chunks: int = 50
    damping: float = 0.6
    #: 0: no walk, and no read of the graph
    walk_steps: int = 3
    #: a learned ranker orders the union of the best so many of the base and the walk; 0: no learned ranker
    ranked_depth: int = 40
    #: keep the base's best chunk first
    pin_first: bool = True
    #: keep the base order where the question names nothing (better on plain search, worse on multi-hop)
    gate: bool = False
    evidence_chunks: int = 8
    #: longest question
    question_characters: int = 2_000
    #: longest reply of a generator
    generator_tokens: int = 400
    mode: str = "graph"
    extra: Mapping[str, float] = field(default_factory=dict[str, float])
