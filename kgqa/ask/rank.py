"""From a question to an order of chunks: understand -> retrieve -> expand -> fuse. Asking and evaluation share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kgqa.ask.expand import Expansion, expand
from kgqa.ask.features import are_tied, feature_matrix, to_rank
from kgqa.ask.fuse import fuse, settle
from kgqa.ask.personal import QuestionMask
from kgqa.ask.retrieve import Candidate, base_order, retrieve, same_language
from kgqa.ask.understand import understand
from kgqa.errors import Conflict
from kgqa.model.answer import AskOptions, Question, ScoredChunk, View
from kgqa.ports import Embedder, Extractor, GraphStore, Ranker, SearchIndex
from kgqa.telemetry import step

#: a list "found" a chunk that is among its first so many
_HEAD = 10


class RankServices(Protocol):
    """The ports that ranking uses; `bootstrap.Services` and `AskServices` both have them."""

    @property
    def index(self) -> SearchIndex:
        """Candidates, names, mentions, texts."""
        ...

    @property
    def graph(self) -> GraphStore:
        """The walk."""
        ...

    @property
    def embedder(self) -> Embedder:
        """The vector of the question."""
        ...

    @property
    def extractor(self) -> Extractor:
        """The names of the question."""
        ...

    @property
    def ranker(self) -> Ranker | None:
        """The learned order; None: the order of the walk."""
        ...

    @property
    def personal(self) -> QuestionMask | None:
        """How personal data in the question is masked; None: not at all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Candidates as the learned ranker sees them."""

    chunk_ids: tuple[int, ...]
    #: (len(chunk_ids), len(features.FEATURES))
    matrix: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """An order of chunks, and what it was made of."""

    question: Question
    vector: npt.NDArray[np.float32]
    base: tuple[Candidate, ...]
    #: scores of the walk; empty in modes without one
    walked: Mapping[int, float]
    #: scores of the learned ranker; empty where there was none
    learned: Mapping[int, float]
    #: what the ranker saw, best base score first; None where there was none
    ranked: Ranked | None
    #: chunk ids, best first
    order: tuple[int, ...]

    def reasons(self) -> dict[int, tuple[str, ...]]:
        """Why each chunk is in the order: `keyword`, `vector`, `graph`."""
        heads = {
            "keyword": _head({c.chunk_id: c.keyword for c in self.base if c.keyword > 0}),
            "vector": _head({c.chunk_id: max(c.vector, c.sentence) for c in self.base}),
        }
        place = {c.chunk_id: n for n, c in enumerate(self.base)}
        lifted = {c for n, c in enumerate(self.order) if c in self.walked and n < place.get(c, len(self.order))}
        heads["graph"] = lifted
        return {chunk: tuple(why for why, head in heads.items() if chunk in head) for chunk in self.order}


def rank(
    text: str, view: View, services: RankServices, options: AskOptions, timings: dict[str, float] | None = None
) -> Ranking:
    """Order the visible chunks for a question. Seconds by step go into `timings`."""
    with step("ask.understand", timings):
        if services.personal is not None:
            text = services.personal.mask(text, view, services.index)
        question = understand(
            text, view, services.index, services.extractor, most_characters=options.question_characters
        )
        if not options.question_name_weight:
            question = replace(question, name_ids=(), names=())
    if view.model not in ("", services.embedder.model):
        raise Conflict(
            f"The index was built with the encoder {view.model}, not {services.embedder.model}.",
            hint="use that encoder, or build a new generation: `kgqa reindex`.",
        )
    with step("ask.embed", timings):
        vector = services.embedder.embed([question.text], "query")[0]
    with step("ask.retrieve", timings):
        base = retrieve(question, vector, view, services.index, options)
    walked: Mapping[int, float] = {}
    ranked: Ranked | None = None
    if options.mode == "graph" and base:
        with step("ask.expand", timings):
            expansion = expand(question, base, vector, view, services.index, services.graph, options)
        walked = expansion.scores
        # it learned from questions in the language of the texts
        if services.ranker is not None and options.ranked_depth and same_language(question.language, base[0].language):
            with step("ask.rank", timings):
                ranked = see(question, base, vector, expansion, view, services.index, options)
    with step("ask.fuse", timings):
        learned: Mapping[int, float] = {}
        settled: Mapping[int, float] = {}
        if ranked is not None and services.ranker is not None:
            scores = services.ranker.score(ranked.matrix)
            learned = dict(zip(ranked.chunk_ids, scores.tolist(), strict=True))
            settled = settle(ranked.chunk_ids, scores, tied=are_tied(ranked.matrix))
        order = fuse(question, base, walked, settled, options)
    return Ranking(
        question=question, vector=vector, base=base, walked=walked, learned=learned, ranked=ranked, order=order
    )


def see(
    question: Question,
    base: Sequence[Candidate],
    vector: npt.NDArray[np.float32],
    expansion: Expansion,
    view: View,
    index: SearchIndex,
    options: AskOptions,
) -> Ranked:
    """Features of the chunks that are worth ranking. Reads: scores of those that only the walk found, mentions."""
    wanted = set(to_rank(base, expansion.scores, options))
    missing = sorted(wanted - {c.chunk_id for c in base})
    found = [*map(_scored, base)]
    if missing:
        found += index.scores(view, missing, vector=vector, text=question.text)
    candidates = [c for c in base_order(found, question.language, options) if c.chunk_id in wanted]
    ids = tuple(c.chunk_id for c in candidates)
    matrix = feature_matrix(question, candidates, expansion, index.mentions(view, ids))
    return Ranked(chunk_ids=ids, matrix=matrix)


def _scored(candidate: Candidate) -> ScoredChunk:
    return ScoredChunk(
        chunk_id=candidate.chunk_id,
        keyword=candidate.keyword,
        vector=candidate.vector,
        sentence=candidate.sentence,
        language=candidate.language,
        translation_language=candidate.translation_language,
    )


def retrieve_order(text: str, view: View, services: RankServices, options: AskOptions) -> tuple[int, ...]:
    """Chunk ids, best first."""
    return rank(text, view, services, options).order


def _head(scores: Mapping[int, float]) -> set[int]:
    return set(sorted(scores, key=lambda chunk: (-scores[chunk], chunk))[:_HEAD])
