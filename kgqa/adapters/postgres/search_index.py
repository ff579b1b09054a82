"""Keyword and vector search: `ports.SearchIndex` on PostgreSQL, role `kgqa_app`.

BM25 runs in pgvector: a chunk stores its term weights as a sparse vector, the question brings the idf values of what
its reader sees, the inner product is the score. Up to `EXACT_CHUNKS` visible chunks all vectors are compared, which is
both complete and fast; beyond that the HNSW index of the generation answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector, SparseVector

from kgqa.adapters.postgres.pool import Connection, Pool, as_caller
from kgqa.adapters.postgres.statements import load
from kgqa.errors import NotFound
from kgqa.model.answer import Caller, EvidenceChunk, ScoredChunk, View
from kgqa.ports import MentionRow, NameHit
from kgqa.text.terms import DIMENSIONS, analyse, idf

EXACT_CHUNKS = 50_000
#: terms in at most this part of the chunks choose the candidates of BM25
RARE_SHARE = 0.05
RAREST = 3
_HNSW = (
    ("hnsw.iterative_scan", "relaxed_order"),
    ("hnsw.ef_search", "400"),
    ("hnsw.max_scan_tuples", "100000"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """The keyword side of a question: weights by term, and which terms choose candidates."""

    weights: Mapping[int, float]
    rare: Sequence[int]

    def parameters(self) -> dict[str, Any]:
        """For `keyword` and `scores`."""
        return {
            "terms": list(self.weights),
            "rare": list(self.rare),
            "query": SparseVector(dict(self.weights), DIMENSIONS),
        }


class PostgresSearchIndex:
    """Reads numbers by the classes of a view, and text through row-level security. See `ports.SearchIndex`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def view(self, caller: Caller, collection: str) -> View:
        """What this caller reads of this collection now. Raises `NotFound`."""
        with as_caller(self._pool, caller) as connection:
            row = connection.execute(load("search")["view"], {"collection": collection}).fetchone()
        if row is None:
            raise NotFound(f"There is no collection {collection!r}.", hint="`kgqa ingest FOLDER --collection NAME`.")
        return View(
            caller=caller,
            collection=collection,
            collection_id=row[0],
            generation=row[1],
            classes=tuple(row[2]),
        )

    def candidates(
        self, view: View, *, vector: npt.NDArray[np.float32], text: str, depth: int
    ) -> Sequence[ScoredChunk]:
        """Union of the three best-of lists, by chunk id; six short statements on one snapshot."""
        sql = load("search")
        bound = {**_bound(view), "vector": HalfVector(vector), "depth": depth}
        with as_caller(self._pool, view.caller, settings=_HNSW) as connection:
            corpus = {language: int(n) for language, n in connection.execute(sql["corpus"], bound)}
            query = _query(connection, bound, text, corpus)
            bound |= query.parameters()
            kind = "exact" if sum(corpus.values()) <= EXACT_CHUNKS else "nearest"
            lists = [connection.execute(sql[name], bound) for name in ("keyword", f"vector_{kind}", f"sentence_{kind}")]
            chunks = {row[0] for found in lists for row in found}
            rows = connection.execute(sql["scores"], {**bound, "chunks": sorted(chunks)}).fetchall()
        return [
            ScoredChunk(chunk_id=row[0], language=row[1], keyword=row[2], vector=row[3], sentence=row[4])
            for row in rows
        ]

    def sentence_scores(
        self, view: View, chunk_ids: Sequence[int], vector: npt.NDArray[np.float32]
    ) -> Mapping[int, Sequence[tuple[int, int, float]]]:
        """Per chunk its sentences in order as (start, end, cosine)."""
        found: dict[int, list[tuple[int, int, float]]] = {}
        for chunk, start, end, cosine in self._rows(
            "sentence_scores", view, chunks=list(chunk_ids), vector=HalfVector(vector)
        ):
            found.setdefault(chunk, []).append((start, end, cosine))
        return found

    def names(self, view: View, norms: Sequence[str]) -> Sequence[NameHit]:
        """Those of the normal forms that are visible names, by norm."""
        return [NameHit(name_id=row[0], norm=row[1]) for row in self._rows("names", view, norms=list(norms))]

    def longest_name_tokens(self, view: View) -> int:
        """Most tokens in a visible name; 0 where there is none."""
        rows = self._rows("longest_name", view)
        return rows[0][0] if rows else 0

    def mentions(self, view: View, chunk_ids: Sequence[int]) -> Sequence[MentionRow]:
        """Mentions in these chunks, by chunk and start."""
        return [
            MentionRow(
                chunk_id=row[0], start=row[1], end=row[2], name_id=row[3], norm=row[4], is_title=row[5], type=row[6]
            )
            for row in self._rows("mentions", view, chunks=list(chunk_ids))
        ]

    def evidence(self, view: View, chunk_ids: Sequence[int]) -> Sequence[EvidenceChunk]:
        """Texts and places of these chunks, in the given order. Read through row-level security."""
        rows = {row[0]: row for row in self._rows("evidence", view, chunks=list(chunk_ids))}
        return [_evidence(rows[chunk]) for chunk in chunk_ids if chunk in rows]

    def document_keys(self, view: View, chunk_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Per visible chunk the keys of its document and of the document's visible exact duplicates, sorted."""
        return {row[0]: row[1] for row in self._rows("document_keys", view, chunks=list(chunk_ids))}

    def _rows(self, statement: str, view: View, **parameters: object) -> list[tuple[Any, ...]]:
        with as_caller(self._pool, view.caller) as connection:
            return connection.execute(load("search")[statement], {**_bound(view), **parameters}).fetchall()


def _bound(view: View) -> dict[str, Any]:
    return {"generation": view.generation, "collection": view.collection_id, "classes": list(view.classes)}


def _query(connection: Connection, bound: Mapping[str, Any], text: str, corpus: Mapping[str, int]) -> _Query:
    """Current idf of the question's terms, analysed once per language of the visible chunks."""
    language_of: dict[int, set[str]] = {}
    for language in corpus:
        for term in analyse(text, language):
            language_of.setdefault(term, set()).add(language)
    rows = connection.execute(load("search")["document_frequencies"], {**bound, "terms": list(language_of)})
    df: dict[int, int] = {}
    for term, language, count in rows:
        if language in language_of[term]:
            df[term] = df.get(term, 0) + int(count)
    # A term without a language (codes, numbers) is counted over all languages, the others over their own.
    size = {term: sum(corpus[language] for language in language_of[term]) for term in df}
    by_rarity = sorted(df, key=lambda term: (df[term], term))
    rare = [term for term in by_rarity if df[term] <= RARE_SHARE * size[term]] or by_rarity[:RAREST]
    return _Query(weights={term: idf(df[term], size[term]) for term in by_rarity if df[term]}, rare=rare)


def _evidence(row: tuple[Any, ...]) -> EvidenceChunk:
    return EvidenceChunk(
        chunk_id=row[0],
        document_id=row[1],
        document_key=row[2],
        title=row[3],
        uri=row[4],
        heading_path=tuple(row[5]),
        page=row[6],
        start=row[7],
        end=row[8],
        text=row[9],
        language=row[10],
        sentences=tuple((start, end) for start, end in row[11]),
    )
