"""Search on the real server, against brute force."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from pgvector import HalfVector

from kgqa.adapters.postgres.search_index import RARE_SHARE, RAREST_TERMS, PostgresSearchIndex, view_parameters
from kgqa.adapters.postgres.statements import load
from kgqa.adapters.postgres.vector_indexes import ensure_vector_indexes
from kgqa.errors import NotFound
from kgqa.model.answer import Caller
from kgqa.text.terms import AVERAGE_TERMS, K1, B, analyse, idf
from tests.performance.oracles import Bm25

PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))
WORDS = [
    "pump",
    "seal",
    "kit",
    "valve",
    "error",
    "motor",
    "report",
    "supplier",
    "casting",
    "bolt",
    "shaft",
    "spring",
    "gasket",
    "torque",
]
QUESTION = "Which supplier makes the gasket of pump P200?"


@pytest.fixture
def index(pools) -> PostgresSearchIndex:
    return PostgresSearchIndex(pools.app)


@pytest.fixture
def corpus(lake, delta):
    """Documents of two languages and two classes."""
    chooser = random.Random(7)
    documents = [
        delta(
            f"d{i}",
            " ".join(chooser.choices(WORDS, k=12))
            + f" P{chooser.choice((200, 350))}.\n\n"
            + " ".join(chooser.choices(WORDS, k=9))
            + ".",
            principals=("public",) if i % 3 else ("user:ivy",),
            language="es" if i % 4 == 0 else "en",
        )
        for i in range(40)
    ]
    lake.put(*documents)
    return documents


@pytest.mark.parametrize("caller", [PUBLIC, IVY])
def test_chunks_asked_for_have_the_scores_of_candidates_and_hidden_ones_are_absent(
    index, corpus, embed, caller
) -> None:
    view, query = index.view(caller, "lake"), embed(QUESTION)
    found = index.candidates(view, vector=query, text=QUESTION, depth=500)
    everything = [chunk.id for document in corpus for chunk in document.chunks]
    assert index.scores(view, everything, vector=query, text=QUESTION) == found
    assert index.scores(view, everything[:1], vector=query, text=QUESTION) == [
        c for c in found if c.chunk_id == everything[0]
    ]


@pytest.mark.parametrize("caller", [PUBLIC, IVY])
def test_scores_equal_brute_force(index, corpus, embed, caller: Caller) -> None:
    visible = [d for d in corpus if set(d.principals) & set(caller.principals)]
    query = embed(QUESTION)
    found = {
        c.chunk_id: c for c in index.candidates(index.view(caller, "lake"), vector=query, text=QUESTION, depth=500)
    }
    assert set(found) == {c.id for d in visible for c in d.chunks}
    keyword = brute_force_keyword(visible)
    for d in visible:
        sentences = iter(d.sentence_vectors)
        for chunk, vector in zip(d.chunks, d.chunk_vectors, strict=True):
            best = max(cosine(next(sentences), query) for _ in chunk.sentences)
            scored = found[chunk.id]
            assert scored.keyword == pytest.approx(keyword[chunk.id], rel=1e-5)
            assert scored.vector == pytest.approx(cosine(vector, query), abs=1e-4)
            assert scored.sentence == pytest.approx(best, abs=1e-4)


def cosine(vector: np.ndarray, query: np.ndarray) -> float:
    a, b = vector.astype(np.float32), query.astype(np.float16).astype(np.float32)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def brute_force_keyword(documents) -> dict[int, float]:
    """BM25 in the form of Lucene within each language, 0 for chunks without a rare term of the question."""
    chunks = [(c, analyse(c.passage(d.document.title), c.language)) for d in documents for c in d.chunks]
    scores: dict[int, float] = {}
    for language in {c.language for c, _ in chunks}:
        mine = [(c, counts) for c, counts in chunks if c.language == language]
        frequency = Counter(term for _, counts in mine for term in counts)
        terms = sorted((t for t in analyse(QUESTION, language) if t in frequency), key=lambda t: (frequency[t], t))
        rare = [t for t in terms if frequency[t] <= RARE_SHARE * len(mine)] or terms[:RAREST_TERMS]
        for c, counts in mine:
            length = 1 - B + B * counts.total() / AVERAGE_TERMS
            score = sum(idf(frequency[t], len(mine)) * counts[t] / (counts[t] + K1 * length) for t in terms)
            scores[c.id] = score if any(t in counts for t in rare) else 0.0
    return scores


def test_lists_are_as_deep_as_asked(index, corpus, embed) -> None:
    view = index.view(IVY, "lake")
    everything = index.candidates(view, vector=embed(QUESTION), text=QUESTION, depth=500)
    found = {c.chunk_id for c in index.candidates(view, vector=embed(QUESTION), text=QUESTION, depth=3)}
    for score in ("keyword", "vector", "sentence"):
        best = sorted(everything, key=lambda c: (-getattr(c, score), c.chunk_id))[:3]
        assert {c.chunk_id for c in best if getattr(c, score) > 0} <= found
    assert len(found) <= 9


def test_a_search_is_four_statements(index, corpus, embed, pools, monkeypatch) -> None:
    view = index.view(IVY, "lake")
    counted = count_statements(monkeypatch, pools)
    index.candidates(view, vector=embed(QUESTION), text=QUESTION, depth=200)
    assert len(counted) == 4


def count_statements(monkeypatch, pools) -> list[bytes]:
    """Statements of the search file that are executed from now on."""
    from psycopg import Connection

    known, counted, execute = set(load("search").values()), list[bytes](), Connection.execute

    def counting(self, query, *args, **kwargs):
        if query in known:
            counted.append(query)
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(Connection, "execute", counting)
    return counted


def test_evidence_is_the_documents_text_in_the_order_asked_for(index, corpus) -> None:
    view = index.view(PUBLIC, "lake")
    public = [(d, c) for d in corpus if d.principals == ("public",) for c in d.chunks][:5]
    hidden = next(c.id for d in corpus if d.principals != ("public",) for c in d.chunks)
    wanted = [c.id for _, c in reversed(public)]
    found = index.evidence(view, [hidden, *wanted, 1])
    assert [e.chunk_id for e in found] == wanted
    for evidence, (d, chunk) in zip(found, reversed(public), strict=True):
        assert evidence.text == chunk.text == d.document.text[evidence.start : evidence.end]
        assert evidence.sentences == tuple((s.start, s.end) for s in chunk.sentences)
        assert (evidence.document_key, evidence.title, evidence.uri) == (d.key, d.document.title, d.uri)


def test_names_and_mentions_are_those_of_the_view(index, lake, delta) -> None:
    lake.put(
        delta("a", "Kestrel Seals makes Seal Kit. It is a good kit."),
        delta("b", "The Seal Kit fits Northline Castings Works.", principals=("user:ivy",)),
    )
    public, ivy = index.view(PUBLIC, "lake"), index.view(IVY, "lake")
    norms = ["seal kit", "northline castings works", "nobody"]
    assert [hit.norm for hit in index.names(ivy, norms)] == ["northline castings works", "seal kit"]
    assert [hit.norm for hit in index.names(public, norms)] == ["seal kit"]
    assert (index.longest_name_tokens(ivy), index.longest_name_tokens(public)) == (3, 2)
    chunks = [c.chunk_id for c in index.evidence(ivy, [])]
    assert index.mentions(public, chunks) == []


def test_what_nobody_may_see_is_not_found(index, lake, delta) -> None:
    lake.put(delta("b", "The Seal Kit.", principals=("user:ivy",)))
    for collection in ("lake", "elsewhere"):
        with pytest.raises(NotFound):
            index.view(PUBLIC, collection)


def test_keys_of_duplicates_come_with_the_original(index, lake, delta) -> None:
    lake.put(*(delta(f"copy-{i}", "Kestrel Seals is here.", title="Note") for i in range(3)))
    view = index.view(PUBLIC, "lake")
    with_keys = index.document_keys(view, [m.chunk_id for m in index.mentions(view, all_chunks(index, view))])
    assert list(with_keys.values()) == [["copy-0", "copy-1", "copy-2"]]


def all_chunks(index, view) -> list[int]:
    zeros = np.ones(384, np.float32)
    return [c.chunk_id for c in index.candidates(view, vector=zeros, text="", depth=1000)]


def test_the_application_sees_no_text_without_principals(pools, corpus) -> None:
    with pools.app.connection() as connection:
        for table in (
            "document", "document_version", "chunk", "chunk_placement", "chunk_translation", "name", "name_support",
            "name_sense", "mention", "alias", "alias_support", "claim", "equivalence", "relation", "relation_support",
        ):  # fmt: skip
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,), table  # noqa: S608


def test_keyword_candidates_come_from_the_term_index(pools, database, lake, delta, index) -> None:
    lake.put(*(delta(f"d{i}", f"number {i} of {' '.join(WORDS)} word{i}") for i in range(300)))
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("analyze chunk_index")
    view = index.view(PUBLIC, "lake")
    term = next(iter(analyse("word17", "en")))
    bound = {
        **view_parameters(view), "languages": ["en"], "rare": [f"{{{term}}}"],
        "queries": [f"{{{term + 1}:1}}/1000000000"], "vector": HalfVector(embed_nothing()), "depth": 10,
    }  # fmt: skip
    with pools.app.connection() as connection, connection.transaction():
        connection.execute("set local enable_seqscan = off")
        plan = connection.execute(b"explain (format json) " + load("search")["candidates_exact"], bound).fetchone()
    used = json.dumps(plan)
    assert "chunk_index_g1_terms_idx" in used
    assert used.count("acl_class = ANY") >= 3


def embed_nothing() -> np.ndarray:
    return np.full(384, 0.05, np.float32)


def test_a_large_set_is_searched_through_the_vector_indexes(pools, database, corpus, index, embed, monkeypatch) -> None:
    assert ensure_vector_indexes(database.owner_url) == []
    told: list[tuple[str, float]] = []
    made = ensure_vector_indexes(database.owner_url, from_chunks=10, watcher=lambda *each: told.append(each))
    assert made == ["chunk_index_g1_hnsw", "sentence_g1_hnsw"]
    assert list(dict.fromkeys(name for name, share in told if share == 1.0)) == made
    assert ensure_vector_indexes(database.owner_url, from_chunks=10, watcher=lambda *each: told.append(each)) == []
    assert told[-1] == ("sentence_g1_hnsw", 1.0)
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("alter index sentence_g1_hnsw set (ef_construction = 64)")
    assert ensure_vector_indexes(database.owner_url, from_chunks=10) == ["sentence_g1_hnsw"]
    view = index.view(PUBLIC, "lake")
    bound = {
        **view_parameters(view), "languages": [], "rare": [], "queries": [], "vector": HalfVector(embed(QUESTION)),
        "depth": 5,
    }  # fmt: skip
    with pools.app.connection() as connection, connection.transaction():
        connection.execute("set local enable_seqscan = off; set local enable_sort = off")
        plan = connection.execute(b"explain (format json) " + load("search")["candidates_hnsw"], bound).fetchone()
    assert "chunk_index_g1_hnsw" in json.dumps(plan)
    assert "sentence_g1_hnsw" in json.dumps(plan)
    exact = index.candidates(view, vector=embed(QUESTION), text=QUESTION, depth=200)
    monkeypatch.setattr("kgqa.adapters.postgres.search_index.EXACT_CHUNKS", 0)
    assert index.candidates(view, vector=embed(QUESTION), text=QUESTION, depth=200) == exact


def test_two_processes_make_vector_indexes_once(database, corpus) -> None:
    with ThreadPoolExecutor(2) as both:
        made = both.map(lambda _: ensure_vector_indexes(database.owner_url, from_chunks=10), range(2))
        assert sorted(made) == [[], ["chunk_index_g1_hnsw", "sentence_g1_hnsw"]]


def test_keyword_scores_are_those_of_bm25s_after_updates_and_deletions(index, lake, delta, embed, pools) -> None:
    chooser = random.Random(3)
    words = ["".join(letters) for letters in itertools.product("bdgklmnprt", "aeiou", "bdgkmnprt")][:400]
    chooser.shuffle(words)

    def text(length: int) -> str:
        return " ".join(chooser.choices(words, weights=[1 / (n + 3) for n in range(len(words))], k=length))

    lake.put(*(delta(f"d{i}", text(30)) for i in range(200)))
    assert_bm25s_agrees(index, pools, embed, [text(5) for _ in range(20)])
    lake.put(*(delta(f"d{i}", text(15)) for i in range(60)))
    lake.delete(*(f"d{i}" for i in range(40, 110)))
    assert_bm25s_agrees(index, pools, embed, [text(5) for _ in range(20)])


def assert_bm25s_agrees(index, pools, embed, questions: list[str]) -> None:
    """The chunks with a rare word, and no others, have exactly their score."""
    view = index.view(PUBLIC, "lake")
    with pools.pipeline.connection() as connection:
        expected = Bm25(connection, view.generation)
    compared = 0
    for question in questions:
        found = index.candidates(view, vector=embed(question), text=question, depth=500)
        scores = {c.chunk_id: c.keyword for c in found if c.keyword > 0}
        holding = [set(expected.scores(word)) for word in question.split()]
        rare = [chunks for chunks in holding if len(chunks) <= RARE_SHARE * len(found)]
        if any(rare):
            whole = expected.scores(question)
            assert scores == pytest.approx({chunk: whole[chunk] for chunk in set().union(*rare)}, rel=1e-5)
            compared += 1
    assert compared > len(questions) / 2


def test_evidence_of_a_recording_says_when_it_was_said(index, lake, delta) -> None:
    heard = delta("talk.mp3", "The pump of Kestrel stands.\n\nThe seal of Kestrel leaks.")
    spans = [(float(n), n + 65.2) for n, _ in enumerate(heard.chunks)]
    chunks = tuple(replace(c, seconds=span) for c, span in zip(heard.chunks, spans, strict=True))
    written = delta("notes.md", "The valve of Kestrel is shut.")
    lake.put(replace(heard, chunks=chunks), written)
    found = index.evidence(index.view(PUBLIC, "lake"), [c.id for c in (*chunks, *written.chunks)])
    assert [c.seconds for c in found] == [*spans, None]
