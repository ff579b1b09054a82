"""Keyword and vector search, `ports.SearchIndex` on PostgreSQL, role `kgqa_app`.

BM25 with pgvector alone: chunks store term weights, the question brings the current idf of its terms over the visible
classes, and only chunks with a rare term of the question are looked at. A search is four statements on one snapshot.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from kgqa.adapters.postgres.pool import Connection, Pool, as_caller, connected
from kgqa.adapters.postgres.statements import load
from kgqa.errors import NotFound
from kgqa.model.answer import Caller, EvidenceChunk, ScoredChunk, View
from kgqa.ports import MentionRow, NameHit
from kgqa.text.terms import DIMENSIONS, analyse, idf

#: up to this many visible chunks vectors are compared one by one: complete, and faster than a filtered index
EXACT_CHUNKS = 50_000
#: a term is rare in at most this share of the chunks; a question without a rare term uses its rarest
RARE_SHARE = 0.05
RAREST_TERMS = 3
#: a filtered scan of a vector index goes on until it has found enough rows, or has seen this many
HNSW_SETTINGS = (
    ("hnsw.iterative_scan", "relaxed_order"),
    ("hnsw.max_scan_tuples", "40000"),
    ("hnsw.ef_search", "1000"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordQuery:
    """A question as one language counts it."""

    language: str
    #: terms that a chunk must have one of
    rare: tuple[int, ...]
    #: inverse document frequency by term
    idf: Mapping[int, float]

    @property
    def rare_literal(self) -> str:
        """As int[]."""
        return "{" + ",".join(map(str, self.rare)) + "}"

    @property
    def query_literal(self) -> str:
        """As sparsevec; its indices count from 1."""
        return "{" + ",".join(f"{t + 1}:{w!r}" for t, w in sorted(self.idf.items())) + f"}}/{DIMENSIONS}"


class PostgresSearchIndex:
    """Reads the hybrid index. See `ports.SearchIndex`."""

    def __init__(self, pool: Pool, generation: int | None = None) -> None:
        """`generation`: the one that views are of; None: the one that is active when the view is made."""
        self._pool = pool
        self._generation = generation

    def at(self, generation: int) -> PostgresSearchIndex:
        """The same, of one generation."""
        return PostgresSearchIndex(self._pool, generation)

    def dictionary(self, collection: str) -> Mapping[str, object]:
        """The domain dictionary of a collection; empty for an unknown one."""
        with connected(self._pool) as connection:
            row = connection.execute(load("search")["dictionary"], {"collection": collection}).fetchone()
        return row[0] if row else {}

    def view(self, caller: Caller, collection: str) -> View:
        """What this caller reads of this collection now. Raises `NotFound`."""
        with as_caller(self._pool, caller) as connection:
            row = connection.execute(
                load("search")["view"],
                {"principals": list(caller.principals), "collection": collection, "generation": self._generation},
            ).fetchone()
        if row is None or not row[2]:
            raise NotFound(f"There is no collection {collection!r}.", hint="`kgqa ingest` makes one.")
        return View(
            caller=caller,
            collection=collection,
            collection_id=row[0],
            generation=row[1],
            classes=tuple(row[2]),
            chunks=row[3],
            model=row[4],
            encoder=row[5],
        )

    def candidates(
        self, view: View, *, vector: npt.NDArray[np.float32], text: str, depth: int
    ) -> Sequence[ScoredChunk]:
        """Union of the three best-of lists, by chunk id, with exact scores."""
        with self._reading(view) as (connection, parameters):
            total = _bind_question(connection, parameters, vector, text)
            found = connection.execute(_candidates(total, len(vector)), {**parameters, "depth": depth})
            return _scores(connection, parameters, [row[0] for row in found])

    def scores(
        self, view: View, chunk_ids: Sequence[int], *, vector: npt.NDArray[np.float32], text: str
    ) -> Sequence[ScoredChunk]:
        """All three scores of these chunks, by chunk id, exactly."""
        with self._reading(view) as (connection, parameters):
            _bind_question(connection, parameters, vector, text)
            return _scores(connection, parameters, chunk_ids)

    def sentence_scores(
        self, view: View, chunk_ids: Sequence[int], vector: npt.NDArray[np.float32]
    ) -> Mapping[int, Sequence[tuple[int, int, float]]]:
        """Per chunk its sentences in order as (start, end, cosine)."""
        scores: dict[int, list[tuple[int, int, float]]] = {}
        with self._reading(view) as (connection, parameters):
            bound = {**parameters, "chunks": list(chunk_ids), "vector": HalfVector(vector)}
            for chunk, start, end, score in connection.execute(load("search")["sentence_scores"], bound):
                scores.setdefault(chunk, []).append((start, end, score))
        return scores

    def names(self, view: View, norms: Sequence[str]) -> Sequence[NameHit]:
        """Those of the normal forms that are visible names, by norm."""
        rows = self._rows(view, "names", norms=list(norms))
        return [NameHit(name_id=row[0], norm=row[1]) for row in rows]

    def longest_name_tokens(self, view: View) -> int:
        """Most tokens in a visible name; 0 where there is none."""
        rows = self._rows(view, "longest_name_tokens")
        return int(rows[0][0]) if rows else 0

    def mentions(self, view: View, chunk_ids: Sequence[int]) -> Sequence[MentionRow]:
        """Mentions in these chunks, by chunk and start."""
        return [
            MentionRow(chunk_id=chunk, start=start, end=end, name_id=name, norm=norm, is_title=is_title, type=type_)
            for chunk, start, end, name, norm, is_title, type_ in self._rows(view, "mentions", chunks=list(chunk_ids))
        ]

    def evidence(self, view: View, chunk_ids: Sequence[int]) -> Sequence[EvidenceChunk]:
        """Texts and places of these chunks, in the given order; read through row-level security."""
        return [
            EvidenceChunk(
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
                seconds=None if row[12] is None else (row[12], row[13]),
                translation=row[14],
                translation_language=row[15],
            )
            for row in self._rows(view, "evidence", chunks=list(chunk_ids))
        ]

    def document_keys(self, view: View, chunk_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Per visible chunk the key of its document, and those of the document's exact duplicates, sorted."""
        return {row[0]: row[1] for row in self._rows(view, "document_keys", chunks=list(chunk_ids))}

    def _rows(self, view: View, statement: str, **bound: object) -> list[tuple[Any, ...]]:
        with self._reading(view) as (connection, parameters):
            return connection.execute(load("search")[statement], {**parameters, **bound}).fetchall()

    @contextmanager
    def _reading(self, view: View) -> Generator[tuple[Connection, dict[str, Any]]]:
        with as_caller(self._pool, view.caller, settings=HNSW_SETTINGS) as connection:
            yield connection, view_parameters(view)


def view_parameters(view: View) -> dict[str, Any]:
    """What every statement that reads for a view binds."""
    return {"generation": view.generation, "collection": view.collection_id, "classes": list(view.classes)}


def _candidates(chunks: int, dimensions: int) -> bytes:
    """The statement for a visible set of that size; its cast has to be that of the vector index."""
    sql = load("search")
    if chunks <= EXACT_CHUNKS:
        return sql["candidates_exact"]
    return sql["candidates_hnsw"].replace(b"halfvec(384)", b"halfvec(%d)" % dimensions)


def _bind_question(
    connection: Connection, parameters: dict[str, Any], vector: npt.NDArray[np.float32], text: str
) -> int:
    """Bind what the statements that score chunks need; number of visible chunks."""
    languages = connection.execute(load("search")["languages"], parameters).fetchall()
    queries = _keyword_queries(connection, parameters, text, {language: texts for language, _, texts in languages})
    parameters |= {
        "vector": HalfVector(vector),
        "languages": [q.language for q in queries],
        "rare": [q.rare_literal for q in queries],
        "queries": [q.query_literal for q in queries],
    }
    return sum(chunks for _, chunks, _ in languages)


def _scores(connection: Connection, parameters: Mapping[str, Any], chunk_ids: Sequence[int]) -> list[ScoredChunk]:
    rows = connection.execute(load("search")["scores"], {**parameters, "chunks": list(chunk_ids)})
    return [
        ScoredChunk(
            chunk_id=chunk,
            language=language,
            translation_language=translation,
            keyword=keyword,
            vector=of_chunk,
            sentence=of_sentence,
        )
        for chunk, language, translation, keyword, of_chunk, of_sentence in rows
    ]


def _keyword_queries(
    connection: Connection, parameters: Mapping[str, Any], text: str, texts_in: Mapping[str, int]
) -> list[KeywordQuery]:
    """The question for each language that visible chunks or their translations have."""
    terms = {language: sorted(analyse(text, language)) for language in texts_in}
    wanted = [(language, term) for language, found in terms.items() for term in found]
    bound = {**parameters, "languages": [w[0] for w in wanted], "terms": [w[1] for w in wanted]}
    frequency: dict[tuple[str, int], int] = {
        (language, term): df for language, term, df in connection.execute(load("search")["frequencies"], bound)
    }
    queries: list[KeywordQuery] = []
    for language, found in terms.items():
        known = [term for term in found if (language, term) in frequency]
        if not known:
            continue
        total = texts_in[language]
        by_rarity = sorted(known, key=lambda term: (frequency[language, term], term))
        rare = [term for term in by_rarity if frequency[language, term] <= RARE_SHARE * total]
        queries.append(
            KeywordQuery(
                language=language,
                rare=tuple(rare or by_rarity[:RAREST_TERMS]),
                idf={term: idf(frequency[language, term], total) for term in known},
            )
        )
    return queries
