"""What retrieval should have found: BM25 by bm25s, every vector compared, the walk over the whole visible graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from kgqa.adapters.postgres.pool import Connection
from kgqa.ask.expand import name_weights, seed_weights, sentence_names
from kgqa.ask.rank import Ranking
from kgqa.model.answer import AskOptions, ScoredChunk, View
from kgqa.ports import SearchIndex
from kgqa.text.terms import AVERAGE_TERMS, K1, B, analyse

Floats = npt.NDArray[np.float64]

_PASSAGES = """
select i.chunk_id, i.language, v.title, p.heading_path, c.text
from chunk_index i join document_version v on v.id = i.version_id join chunk c on c.id = i.chunk_id
join chunk_placement p on p.version_id = v.id and p.chunk_id = c.id
where i.generation = %s and i.live order by i.chunk_id"""
_EDGES = """
select m.chunk_id, m.name_id, count(*) filter (where not m.is_title), bool_or(m.is_title)
from mention m where m.generation = %s and m.acl_class = any(%s::int[]) group by 1, 2"""
#: two scores that differ by less are a tie: pgvector keeps 32 bits
_TIE = 1e-4


class Bm25:
    """bm25s over the same tokens, each language by itself, as if it held nothing else.

    bm25s takes the mean length from the corpus, kgqa a constant; other constants give the very same formula:
    k1 (1 - b + b l / A) = k (1 - c + c l / mean).
    """

    def __init__(self, connection: Connection, generation: int) -> None:
        texts: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
        for chunk, language, title, headings, text in connection.execute(_PASSAGES.encode(), (generation,)):
            context = " > ".join(p for p in (title, *(h for h in headings if h != title)) if p)
            counts = analyse(f"{context}\n{text}" if context else text, language)
            texts[language].append((chunk, [str(t) for t, n in counts.items() for _ in range(n)]))
        self._ids = {language: [chunk for chunk, _ in found] for language, found in texts.items()}
        self._indexes = {language: _index([tokens for _, tokens in found]) for language, found in texts.items()}

    def scores(self, text: str) -> dict[int, float]:
        """Score of every chunk that has a term of the text."""
        found: dict[int, float] = {}
        for language, (index, vocabulary) in self._indexes.items():
            terms = [t for t in map(str, analyse(text, language)) if t in vocabulary]
            if terms:
                scores = index.get_scores(terms)
                found |= {self._ids[language][n]: float(scores[n]) for n in np.nonzero(scores)[0]}
        return found


def _index(texts: Sequence[list[str]]) -> tuple[bm25s.BM25, frozenset[str]]:
    stretch = 1 - B + B * (sum(map(len, texts)) / len(texts)) / AVERAGE_TERMS
    index = bm25s.BM25(method="lucene", k1=K1 * stretch, b=1 - (1 - B) / stretch)
    index.index([tokens or ["-"] for tokens in texts], show_progress=False)
    return index, frozenset(token for tokens in texts for token in tokens)


def keyword_agreement(found: Sequence[ScoredChunk], expected: Mapping[int, float], depth: int = 10) -> float:
    """Share of the best `depth` by keyword that bm25s also has there; of equal scores each is right."""
    best = sorted((c for c in found if c.keyword > 0), key=lambda c: (-c.keyword, c.chunk_id))[:depth]
    wanted = sorted(expected.values(), reverse=True)[:depth]
    if not wanted:
        return 1.0
    return sum(expected.get(c.chunk_id, 0.0) >= wanted[-1] * (1 - _TIE) for c in best) / len(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeGraph:
    """All edges that a view sees."""

    chunk_ids: npt.NDArray[np.int64]
    name_ids: npt.NDArray[np.int64]
    #: (chunks, names): log2(1 + count) + title weight, hubs left out, by 1 / sqrt(df)
    weights: csr_array
    #: visible chunks of each name that is no hub
    df: Mapping[int, int]

    @classmethod
    def read(cls, connection: Connection, view: View, options: AskOptions) -> WholeGraph:
        """From the mentions of the record, not from the graph that is tested."""
        rows = connection.execute(_EDGES.encode(), (view.generation, list(view.classes))).fetchall()
        chunks, names, counts, titles = (np.array(column) for column in zip(*rows, strict=True))
        name_ids, columns, df = np.unique(names, return_inverse=True, return_counts=True)
        kept = df[columns] <= options.hub_chunks
        chunk_ids, places = np.unique(chunks, return_inverse=True)
        values = (np.log2(1.0 + counts) + options.title_weight * titles) / np.sqrt(df[columns])
        shape = (len(chunk_ids), len(name_ids))
        return cls(
            chunk_ids=chunk_ids,
            name_ids=name_ids,
            weights=csr_array((values[kept], (places[kept], columns[kept])), shape=shape),
            df={int(i): int(n) for i, n in zip(name_ids, df, strict=True) if n <= options.hub_chunks},
        )

    def walk(self, chunks: Mapping[int, float], names: Mapping[int, float], options: AskOptions) -> dict[int, float]:
        """Three steps over everything, from these restart weights."""
        start_chunks, start_names = _vector(chunks, self.chunk_ids), _vector(names, self.name_ids)
        mass = sum(chunks.values()) + sum(names.values())
        start_chunks, start_names = start_chunks / mass, start_names / mass
        of_names, of_chunks = self.weights.sum(axis=0), self.weights.sum(axis=1)
        x, y = start_chunks, start_names
        d = options.damping
        for _ in range(options.walk_steps):
            x, y = (
                (1 - d) * start_chunks + d * (self.weights @ (y / np.where(of_names > 0, of_names, 1))),
                (1 - d) * start_names + d * (self.weights.T @ (x / np.where(of_chunks > 0, of_chunks, 1))),
            )
        alone = {chunk: (1 - d) * weight / mass for chunk, weight in chunks.items()}  # seeds without a name
        return alone | {int(self.chunk_ids[n]): float(x[n]) for n in np.nonzero(x)[0]}


def _vector(weights: Mapping[int, float], ids: npt.NDArray[np.int64]) -> Floats:
    vector = np.zeros(len(ids))
    for key, weight in weights.items():
        place = int(np.searchsorted(ids, key))
        if place < len(ids) and ids[place] == key:
            vector[place] += weight
    return vector


def restart(
    ranking: Ranking, view: View, index: SearchIndex, df: Mapping[int, int], options: AskOptions
) -> tuple[dict[int, float], dict[int, float]]:
    """Restart weights of chunks and names, as `expand` makes them, with the df of the whole graph."""
    seeds = seed_weights(ranking.base, options)
    best = list(seeds)[: options.sentence_seed_chunks]
    sentences = index.sentence_scores(view, best, ranking.vector)
    closeness = sentence_names(index.mentions(view, best), sentences, options)
    return seeds, name_weights(ranking.question.name_ids, closeness, seeds, df, options)


def top_overlap(found: Mapping[int, float], expected: Mapping[int, float], depth: int = 20) -> float:
    """Share of the best `depth` that both have."""
    wanted = best_of(expected, depth)
    return len(set(best_of(found, depth)) & set(wanted)) / len(wanted) if wanted else 1.0


def best_of(scores: Mapping[int, float], depth: int) -> list[int]:
    """Best first, ties by id."""
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))[:depth]
