"""What a ranker sees of a candidate: ranks, ratios and gaps, so that one model serves small and large collections.

Scores come from the base and the walk; links say how a candidate's title hangs together with the best chunks (names
in docs/decisions/0009-learned-ranker.md). Everything is of the caller's view, and of this question alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.ask.expand import Expansion
from kgqa.ask.retrieve import Candidate, compares_words
from kgqa.ask.walk import document_frequencies
from kgqa.model.answer import AskOptions, Question
from kgqa.ports import MentionRow

Floats = npt.NDArray[np.float32]

#: columns of the matrix, in order; a model says which ones it was trained on
FEATURES = (
    "walk", "walk_rank", "base", "base_rank", "keyword", "keyword_rank", "vector", "vector_rank", "sentence",
    "sentence_rank", "asked_title", "asked_names", "link", "link_sentence", "link_asked", "back", "shared",
    "names_in_question", "asked_titles", "lead",
)  # fmt: skip
#: chunks whose links are looked at
BEST = 5
#: softmax temperature of their weights, over base scores
_WEIGHT_TEMPERATURE = 0.025
_SENTENCE_TEMPERATURE = 0.03
#: smallest share of the best walk score that is told from nothing
_LEAST_WALK = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Names of a chunk: it stands under the titles and mentions the others."""

    titles: frozenset[int]
    mentioned: frozenset[int]


def to_rank(base: Sequence[Candidate], walked: Mapping[int, float], options: AskOptions) -> tuple[int, ...]:
    """The chunks that are worth ranking: the heads of the base, its parts, and the walk; by id."""
    depth = options.ranked_depth
    heads = [
        _head({c.chunk_id: c.score for c in base}, depth),
        _head(walked, depth),
        *(_head({c.chunk_id: part(c) for c in base}, depth // 2) for part in (_keyword, _vector, _sentence)),
    ]
    return tuple(sorted({chunk for head in heads for chunk in head}))


def feature_matrix(
    question: Question, candidates: Sequence[Candidate], expansion: Expansion, mentions: Sequence[MentionRow]
) -> Floats:
    """(len(candidates), len(FEATURES)); candidates come best base score first, with the mentions of all of them."""
    names = _names(mentions)
    ids = [c.chunk_id for c in candidates]
    own = [names.get(chunk, _NO_NAMES) for chunk in ids]
    asked = frozenset(question.name_ids)
    walk = np.array([expansion.scores.get(chunk, 0.0) for chunk in ids])
    base = np.array([c.score for c in candidates])
    # a keyword says nothing about a chunk in another language
    keyword = np.array([c.keyword if compares_words(question.language, c) else 0.0 for c in candidates])
    vector = np.array([c.vector for c in candidates])
    sentence = np.array([c.sentence for c in candidates])
    links = _Links.between(ids, own, base, asked, expansion, mentions)
    asked_title = np.array([bool(n.titles & asked) for n in own], np.float64)
    columns: dict[str, npt.NDArray[np.float64] | float] = {
        "walk": np.log(_share(walk) + _LEAST_WALK),
        "walk_rank": _log_rank(walk),
        "base": base - base.max(),
        "base_rank": _log_rank(base),
        "keyword": _share(keyword),
        "keyword_rank": _log_rank(keyword),
        "vector": vector - vector.max(),
        "vector_rank": _log_rank(vector),
        "sentence": sentence - sentence.max(),
        "sentence_rank": _log_rank(sentence),
        "asked_title": asked_title,
        "asked_names": np.array([len((n.mentioned | n.titles) & asked) / max(1, len(asked)) for n in own]),
        "link": links.link,
        "link_sentence": links.link_sentence,
        "link_asked": links.link_asked,
        "back": links.back,
        "shared": _share(links.shared),
        "names_in_question": float(len(asked)),
        "asked_titles": float(asked_title.sum()),
        "lead": float(base[0] - base[1]) if len(base) > 1 else 1.0,
    }
    matrix = np.empty((len(candidates), len(FEATURES)), np.float32)
    for place, name in enumerate(FEATURES):
        matrix[:, place] = columns[name]
    return matrix


def are_tied(matrix: Floats) -> bool:
    """Whether titles tie the candidates to the question or to one another: what the links were learned from."""
    return bool(matrix[:, [FEATURES.index("asked_titles"), FEATURES.index("link")]].any())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """How each candidate hangs together with the best chunks, by their weights."""

    #: best chunks that mention its title
    link: npt.NDArray[np.float64]
    #: the same, by how close the mentioning sentence is to the question
    link_sentence: npt.NDArray[np.float64]
    #: a best chunk whose own title is asked for mentions its title
    link_asked: npt.NDArray[np.float64]
    #: it mentions titles of best chunks
    back: npt.NDArray[np.float64]
    #: rare names in common, those of the question aside
    shared: npt.NDArray[np.float64]

    @staticmethod
    def between(
        ids: Sequence[int],
        own: Sequence[_Names],
        base: npt.NDArray[np.float64],
        asked: frozenset[int],
        expansion: Expansion,
        mentions: Sequence[MentionRow],
    ) -> _Links:
        weights = np.exp((base[:BEST] - base[0]) / _WEIGHT_TEMPERATURE)
        weights /= weights.sum()
        df = document_frequencies(expansion.subgraph)
        closeness = _closeness(ids[:BEST], expansion, mentions)
        link, link_sentence, link_asked, back, shared = (np.zeros(len(ids)) for _ in range(5))
        for place, weight in enumerate(weights):
            chunk, best = ids[place], own[place]
            close = closeness.get(chunk, {})
            is_asked = bool(best.titles & asked)
            rare = (best.mentioned | best.titles) - asked
            for i, names in enumerate(own):
                if i == place:
                    continue
                titles = (names.titles - best.titles) & best.mentioned
                if titles:
                    link[i] += weight
                    link_sentence[i] = max(link_sentence[i], weight * max(close.get(t, 0.0) for t in titles))
                    link_asked[i] = max(link_asked[i], float(is_asked))
                if (best.titles - names.titles) & names.mentioned:
                    back[i] += weight
                shared[i] += weight * sum(1 / df[n] for n in rare & (names.mentioned | names.titles) if n in df)
        return _Links(link=link, link_sentence=link_sentence, link_asked=link_asked, back=back, shared=shared)


_NO_NAMES = _Names(titles=frozenset(), mentioned=frozenset())


def _names(mentions: Iterable[MentionRow]) -> dict[int, _Names]:
    titles: dict[int, set[int]] = defaultdict(set)
    mentioned: dict[int, set[int]] = defaultdict(set)
    for mention in mentions:
        (titles if mention.is_title else mentioned)[mention.chunk_id].add(mention.name_id)
    return {
        chunk: _Names(titles=frozenset(titles[chunk]), mentioned=frozenset(mentioned[chunk]))
        for chunk in titles.keys() | mentioned.keys()
    }


def _closeness(
    best: Sequence[int], expansion: Expansion, mentions: Sequence[MentionRow]
) -> dict[int, dict[int, float]]:
    """Per best chunk its names, each with the closeness to the question of its best sentence, 1 for the closest."""
    sentences = {chunk: expansion.sentences[chunk] for chunk in best if expansion.sentences.get(chunk)}
    top = max((cosine for scored in sentences.values() for _, _, cosine in scored), default=0.0)
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for mention in mentions:
        scored = sentences.get(mention.chunk_id)
        if mention.is_title or not scored:
            continue
        place = max(0, bisect_right([start for start, _, _ in scored], mention.start) - 1)
        close = float(np.exp((scored[place][2] - top) / _SENTENCE_TEMPERATURE))
        names = found[mention.chunk_id]
        names[mention.name_id] = max(names.get(mention.name_id, 0.0), close)
    return found


def _share(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    highest = values.max() if len(values) else 0.0
    return values / highest if highest > 0 else np.zeros_like(values)


def _log_rank(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """log(1 + number of candidates that are better): equals share a rank."""
    ordered = np.sort(values)
    return np.log1p(len(values) - np.searchsorted(ordered, values, side="right"))


def _head(scores: Mapping[int, float], depth: int) -> list[int]:
    return sorted((c for c in scores if scores[c] > 0), key=lambda chunk: (-scores[chunk], chunk))[:depth]


def _keyword(candidate: Candidate) -> float:
    return candidate.keyword


def _vector(candidate: Candidate) -> float:
    return candidate.vector


def _sentence(candidate: Candidate) -> float:
    return candidate.sentence
