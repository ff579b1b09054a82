"""Ask, one step after the other: understand -> retrieve -> expand -> fuse -> compose -> verify -> cite.

An answer is made of typed events; `answer` is the same thing, drained. Nothing leaves that was not verified
against the evidence and read once more under the caller's permissions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kgqa.ask.cite import Citations, attach, in_language, still_readable
from kgqa.ask.compose import Draft, compose
from kgqa.ask.follow import Reader, follow
from kgqa.ask.passages import Passage
from kgqa.ask.paths import evidence_graph
from kgqa.ask.personal import QuestionMask
from kgqa.ask.prompt import NO_ANSWER, render
from kgqa.ask.rank import Ranking, rank
from kgqa.ask.read import SpanReader, shorten
from kgqa.ask.reasons import Reasons
from kgqa.ask.statements import Quote, Statement
from kgqa.ask.sufficiency import Verdict, abstention, judge
from kgqa.ask.verify import copied, supported
from kgqa.ask.weigh import Judges, weigh
from kgqa.ask.write import sentences
from kgqa.errors import DependencyUnavailable, KgqaError, ModelOutputError
from kgqa.model.answer import (
    Answer,
    AnswerEvent,
    AskOptions,
    Caller,
    CitationFound,
    EvidenceChunk,
    Failed,
    Finished,
    GraphFound,
    SourcesFound,
    TextDelta,
    View,
    WarningRaised,
)
from kgqa.ports import Clock, Embedder, Extractor, Generator, GraphStore, MentionRow, Ranker, SearchIndex
from kgqa.telemetry import ANSWERS, step

DEFAULT_OPTIONS = AskOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskServices:
    """The ports that asking uses."""

    index: SearchIndex
    graph: GraphStore
    embedder: Embedder
    extractor: Extractor
    clock: Clock
    #: None: the order of the walk
    ranker: Ranker | None = None
    #: None: rules decide what is cited and whether it is enough
    judges: Judges | None = None
    #: the encoder of another generation than `embedder` is for, by model and the setting that names it; None: none
    encoder_of: Callable[[str, str], Embedder] | None = None
    #: None: extractive answers
    generator: Generator | None = None
    #: None: the composer's short answer
    reader: SpanReader | None = None
    #: None: questions are read as they are
    personal: QuestionMask | None = None

    def reading(self, view: View) -> AskServices:
        """These services, with the encoder whose vectors the view's generation holds."""
        if self.encoder_of is None or view.model in ("", self.embedder.model):
            return self
        return replace(self, embedder=self.encoder_of(view.model, view.encoder))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The evidence of one question."""

    ranking: Ranking
    chunks: tuple[EvidenceChunk, ...]
    mentions: tuple[MentionRow, ...]
    pool: tuple[Passage, ...]
    draft: Draft
    verdict: Verdict
    confidence: float | None


@dataclass(slots=True, kw_only=True)
class _Written:
    """What has left so far."""

    citations: Citations
    reasons: Reasons
    text: str = ""

    def add(self, statement: Statement) -> Iterator[AnswerEvent]:
        """The events of one more sentence."""
        marked, new = self.citations.mark(statement, self.reasons)
        piece = f" {marked}" if self.text else marked
        self.text += piece
        yield TextDelta(text=piece)
        yield from (CitationFound(citation=citation) for citation in new)


def answer(
    question: str, caller: Caller, collection: str, services: AskServices, options: AskOptions = DEFAULT_OPTIONS
) -> Answer:
    """The finished answer. Raises what the steps raise (`NotFound`, `InvalidInput`, `DependencyUnavailable`)."""
    for event in _events(question, caller, collection, services, options):
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("an answer ends with Finished")


def answer_events(
    question: str, caller: Caller, collection: str, services: AskServices, options: AskOptions = DEFAULT_OPTIONS
) -> Iterator[AnswerEvent]:
    """The answer as it comes about. The last event is `Finished` or `Failed`; nothing is raised that we know of."""
    try:
        yield from _events(question, caller, collection, services, options)
    except KgqaError as problem:
        ANSWERS.labels("failed").inc()
        yield Failed(code=problem.code, message=problem.message, retryable=problem.retryable)


def _events(
    text: str, caller: Caller, collection: str, services: AskServices, options: AskOptions
) -> Iterator[AnswerEvent]:
    timings: dict[str, float] = {}
    view = services.index.view(caller, collection)
    services = services.reading(view)
    found = _find(text, view, services, options, timings)
    yield SourcesFound(chunks=found.chunks)
    question = found.ranking.question
    cited = [p.chunk.chunk_id for p in found.draft.passages] if found.verdict.enough else []
    yield GraphFound(evidence=evidence_graph(question, found.chunks, found.mentions, cited))
    warnings: list[str] = []
    reasons = Reasons.of(found.ranking, found.chunks, found.mentions)
    written = _Written(citations=Citations(language=question.language), reasons=reasons)
    with step("ask.write", timings):
        if found.verdict.enough:
            for event in _write(found, view, services, options, written):
                if isinstance(event, WarningRaised):
                    warnings.append(event.message)
                yield event
    verdict = found.verdict if not found.verdict.enough else Verdict(enough=bool(written.text), reason="thin")
    if not verdict.enough:
        written.text = abstention(verdict, question, collection)
        yield TextDelta(text=written.text)
    citations = tuple(written.citations.found)
    graph = evidence_graph(question, found.chunks, found.mentions, [c.chunk_id for c in citations])
    ANSWERS.labels("answered" if verdict.enough else "abstained").inc()
    yield Finished(
        answer=Answer(
            question=question.text,
            text=written.text,
            short=_short(found.draft, written.text) if verdict.enough else "",
            abstained=not verdict.enough,
            confidence=found.confidence,
            citations=citations,
            evidence=graph,
            warnings=tuple(warnings),
            timings=timings,
        )
    )


def _find(text: str, view: View, services: AskServices, options: AskOptions, timings: dict[str, float]) -> _Found:
    ranking = rank(text, view, services, options, timings)
    question = ranking.question
    reader = Reader(question=question, vector=ranking.vector, view=view, index=services.index)
    with step("ask.follow", timings):
        read = follow(ranking.order, reader, services.graph, options)
    with step("ask.compose", timings):
        weighed = weigh(ranking, read, compose(question, read), services.judges, chunks=view.chunks)
        draft = shorten(weighed.draft, question, services.reader)
    with step("ask.evidence", timings):
        chunks = _evidence(ranking, read, draft, options)
        mentions = tuple(services.index.mentions(view, [chunk.chunk_id for chunk in chunks]))
    inside = {chunk.chunk_id for chunk in chunks}
    pool = tuple(passage for passage in read if passage.chunk.chunk_id in inside)
    verdict = judge(question, chunks, draft, weighed.confidence)
    return _Found(
        ranking=ranking,
        chunks=chunks,
        mentions=mentions,
        pool=pool,
        draft=draft,
        verdict=verdict,
        confidence=weighed.confidence,
    )


def _evidence(
    ranking: Ranking, read: Sequence[Passage], draft: Draft, options: AskOptions
) -> tuple[EvidenceChunk, ...]:
    """The chunks of the chosen sentences and the best others, in the order of the ranking."""
    known = {passage.chunk.chunk_id: passage.chunk for passage in read}
    chosen = [passage.chunk.chunk_id for passage in draft.passages]
    kept = list(dict.fromkeys([*chosen, *(c for c in ranking.order if c in known)]))[: options.evidence_chunks]
    place = {chunk: n for n, chunk in enumerate(ranking.order)}
    kept.sort(key=lambda chunk: (place.get(chunk, len(place)), chunk))
    reasons = ranking.reasons()
    language = ranking.question.language
    return tuple(
        replace(in_language(known[chunk], language), rank=n, reasons=reasons.get(chunk) or ("graph",))
        for n, chunk in enumerate(kept, start=1)
    )


def _write(
    found: _Found, view: View, services: AskServices, options: AskOptions, written: _Written
) -> Iterator[AnswerEvent]:
    """Sentences that hold: from the generator where there is one and it delivers, else copied from the evidence."""
    if services.generator is not None:
        yield from _generated(found, view, services.index, services.generator, options, written)
        if written.text:
            return
    statements = [_copy(passage) for passage in found.draft.passages]
    for statement in still_readable([s for s in statements if copied(s)], view, services.index):
        yield from written.add(statement)


def _generated(
    found: _Found, view: View, index: SearchIndex, generator: Generator, options: AskOptions, written: _Written
) -> Iterator[AnswerEvent]:
    question, dropped = found.ranking.question, 0
    try:
        reply = generator.stream(render(question, found.chunks), max_tokens=options.generator_tokens)
        for sentence in sentences(reply):
            if NO_ANSWER in sentence.upper():
                yield WarningRaised(
                    message="The generator found no answer in the evidence; quoting the evidence instead."
                )
                return
            statement = attach(sentence, found.pool, question.language)
            held = still_readable([statement], view, index) if supported(statement, question.language) else []
            dropped += not held
            for kept in held:
                yield from written.add(kept)
    except (DependencyUnavailable, ModelOutputError) as problem:
        rest = "the answer may be incomplete" if written.text else "quoting the evidence instead"
        yield WarningRaised(message=f"The generator failed ({problem.message}); {rest}.")
    if dropped:
        yield WarningRaised(
            message=f"{dropped} sentence(s) of the generator were dropped: the evidence does not support them."
        )


def _copy(passage: Passage) -> Statement:
    return Statement(text=passage.text, quotes=(Quote(chunk=passage.chunk, start=passage.start, end=passage.end),))


def _short(draft: Draft, text: str) -> str:
    """Those parts of the short answer that the text contains; all of what was worked out, if it says the grounds."""
    if draft.derived:
        return draft.short if all(passage.text in text for passage in draft.passages) else ""
    return "; ".join(part for part in _parts(draft.short) if part.casefold() in text.casefold())


def _parts(short: str) -> Sequence[str]:
    return [part for part in short.split("; ") if part]
