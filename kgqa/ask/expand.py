"""The graph step: from the best chunks and the question's names to chunks that no list would find.

Seeds fall off sharply from the best chunk; names of the question and of the sentences that match it join in.
The constants are in `AskOptions`, their ablations in docs/decisions/0006-retrieval-recipe.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.ask.retrieve import Candidate
from kgqa.ask.walk import Restart, document_frequencies, walk
from kgqa.model.answer import AskOptions, Question, View
from kgqa.model.graph import Subgraph
from kgqa.ports import GraphStore, MentionRow, SearchIndex

SentenceScores = Mapping[int, Sequence[tuple[int, int, float]]]

#: what a walk of no steps reads
NOTHING = Subgraph(
    chunk_ids=np.empty(0, np.int64),
    name_ids=np.empty(0, np.int64),
    counts=np.empty(0, np.int32),
    is_title=np.empty(0, np.bool_),
    norms={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What the walk found."""

    #: score of every chunk reached
    scores: Mapping[int, float]
    subgraph: Subgraph
    #: of the best chunks, whose sentences point to names
    sentences: SentenceScores


def expand(
    question: Question,
    base: Sequence[Candidate],
    vector: npt.NDArray[np.float32],
    view: View,
    index: SearchIndex,
    graph: GraphStore,
    options: AskOptions,
) -> Expansion:
    """Walk from the seeds over the visible graph. Reads: sentences, mentions, one expansion."""
    seeds = seed_weights(base, options)
    best = list(seeds)[: options.sentence_seed_chunks]
    sentences = index.sentence_scores(view, best, vector) if options.sentence_weight else {}
    if not options.walk_steps:
        return Expansion(scores={}, subgraph=NOTHING, sentences=sentences)
    mentions = index.mentions(view, best) if sentences and options.sentence_name_weight else ()
    closeness = sentence_names(mentions, sentences, options)
    names = {name for of_chunk in closeness.values() for name in of_chunk} | set(question.name_ids)
    subgraph = graph.expand(view, chunk_ids=list(seeds), name_ids=sorted(names), hub_chunks=options.hub_chunks)
    restart = Restart(
        chunks=seeds,
        names=name_weights(question.name_ids, closeness, seeds, document_frequencies(subgraph), options),
    )
    return Expansion(scores=walk(subgraph, restart, options), subgraph=subgraph, sentences=sentences)


def seed_weights(base: Sequence[Candidate], options: AskOptions) -> dict[int, float]:
    """Restart weights of the best chunks, in base order, summing to 1."""
    best = base[: options.seed_chunks]
    if not best:
        return {}
    weights = np.exp((np.array([c.score for c in best]) - best[0].score) / options.seed_temperature)
    weights = weights / weights.sum()
    return {c.chunk_id: float(w) for c, w in zip(best, weights, strict=True)}


def sentence_names(
    mentions: Sequence[MentionRow], sentences: SentenceScores, options: AskOptions
) -> dict[int, dict[int, float]]:
    """Per chunk its names in running text, each with the closeness to the question of its best sentence."""
    closeness: dict[int, dict[int, float]] = defaultdict(dict)
    for mention in mentions:
        scored = sentences.get(mention.chunk_id)
        if mention.is_title or not scored:
            continue
        best = max(cosine for _, _, cosine in scored)
        place = max(0, bisect_right([start for start, _, _ in scored], mention.start) - 1)
        weight = float(np.exp((scored[place][2] - best) / options.sentence_name_temperature))
        names = closeness[mention.chunk_id]
        names[mention.name_id] = max(names.get(mention.name_id, 0.0), weight)
    return closeness


def name_weights(
    question_names: Sequence[int],
    closeness: Mapping[int, Mapping[int, float]],
    seeds: Mapping[int, float],
    df: Mapping[int, int],
    options: AskOptions,
) -> dict[int, float]:
    """Restart weights of names: rare question names first, then names of close sentences. Hubs (no df) get none."""
    weights: dict[int, float] = defaultdict(float)
    rare = {name: 1.0 / df[name] for name in question_names if name in df}
    for name, weight in _scaled(rare, options.question_name_weight).items():
        weights[name] += weight
    best = list(seeds)[: options.sentence_seed_chunks]
    total = sum(seeds[chunk] for chunk in best)
    asked = set(question_names)
    for chunk in best:
        close = {n: w / df[n] ** 0.5 for n, w in closeness.get(chunk, {}).items() if n in df and n not in asked}
        for name, weight in _scaled(close, options.sentence_name_weight * seeds[chunk] / total).items():
            weights[name] += weight
    return dict(weights)


def _scaled(weights: Mapping[int, float], total: float) -> dict[int, float]:
    mass = sum(weights.values())
    return {key: total * weight / mass for key, weight in weights.items()} if mass > 0 else {}
