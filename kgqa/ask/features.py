"""What a ranker sees of a candidate: ranks, ratios and gaps, so that one model serves small and large collections.

Scores come from the base and the walk; links say how a candidate's title hangs together with the best chunks of the
base, and once more with those of the walk (names in docs/decisions/0009-learned-ranker.md). Everything is of the
caller's view, and of this question alone.
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
Floats64 = npt.NDArray[np.float64]

#: columns of the matrix, in order; a model says which ones it was trained on
FEATURES = (
    "walk", "walk_rank", "base", "base_rank", "keyword", "keyword_rank", "vector", "vector_rank", "sentence",
    "sentence_rank", "asked_title", "asked_names", "link", "link_sentence", "link_asked", "back", "shared",
    "names_in_question", "asked_titles", "lead", "walk_link", "walk_link_asked", "walk_back", "walk_shared",
)  # fmt: skip
#: chunks of the base and of the walk whose links are looked at
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
    df = document_frequencies(expansion.subgraph)
    links = _Links.between(_best_of_base(base), own, asked, df, _closeness(ids[:BEST], expansion, mentions))
    walk_links = _Links.between(_best_of_walk(walk, ids), own, asked, df)
    asked_title = np.array([bool(n.titles & asked) for n in own], np.float64)
    columns: dict[str, Floats64 | float] = {
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
        "walk_link": walk_links.link,
        "walk_link_asked": walk_links.link_asked,
        "walk_back": walk_links.back,
        "walk_shared": _share(walk_links.shared),
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
    link: Floats64
    #: the same, by how close the mentioning sentence is to the question
    link_sentence: Floats64
    #: a best chunk whose own title is asked for mentions its title
    link_asked: Floats64
    #: it mentions titles of best chunks
    back: Floats64
    #: rare names in common, those of the question aside
    shared: Floats64

    @staticmethod
    def between(
        best: Mapping[int, float],
        own: Sequence[_Names],
        asked: frozenset[int],
        df: Mapping[int, int],
        closeness: Sequence[Mapping[int, float]] = (),
    ) -> _Links:
        """`best` weighs the places of the best chunks; `closeness` is of the first places (`_closeness`)."""
        link, link_sentence, link_asked, back, shared = (np.zeros(len(own)) for _ in range(5))
        for place, weight in best.items():
            chunk = own[place]
            close = closeness[place] if place < len(closeness) else {}
            is_asked = bool(chunk.titles & asked)
            rare = (chunk.mentioned | chunk.titles) - asked
            for i, names in enumerate(own):
                if i == place:
                    continue
                titles = (names.titles - chunk.titles) & chunk.mentioned
                if titles:
                    link[i] += weight
                    link_sentence[i] = max(link_sentence[i], weight * max(close.get(t, 0.0) for t in titles))
                    link_asked[i] = max(link_asked[i], float(is_asked))
                if (chunk.titles - names.titles) & names.mentioned:
                    back[i] += weight
                shared[i] += weight * sum(1 / df[n] for n in rare & (names.mentioned | names.titles) if n in df)
        return _Links(link=link, link_sentence=link_sentence, link_asked=link_asked, back=back, shared=shared)


def _best_of_base(base: Floats64) -> dict[int, float]:
    """Weights of the first places: candidates come best base score first."""
    weights = np.exp((base[:BEST] - base[0]) / _WEIGHT_TEMPERATURE)
    return dict(enumerate((weights / weights.sum()).tolist()))


def _best_of_walk(walk: Floats64, ids: Sequence[int]) -> dict[int, float]:
    """Weights of the places that the walk likes best, ties by id; none where it went nowhere."""
    places = [int(place) for place in np.lexsort((np.asarray(ids), -walk))[:BEST] if walk[place] > 0]
    total = sum(float(walk[place]) for place in places)
    return {place: float(walk[place]) / total for place in places}


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
) -> tuple[Mapping[int, float], ...]:
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
    return tuple(found[chunk] for chunk in best)


def _share(values: Floats64) -> Floats64:
    highest = values.max() if len(values) else 0.0
    return values / highest if highest > 0 else np.zeros_like(values)


def _log_rank(values: Floats64) -> Floats64:
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
