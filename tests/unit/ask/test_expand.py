"""The walk on the fetched subgraph against PageRank over the whole dense graph."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ask.expand import expand, name_weights, seed_weights, sentence_names
from kgqa.ask.retrieve import Candidate
from kgqa.ask.walk import Restart, document_frequencies, walk
from kgqa.model.answer import AskOptions, EvidenceChunk, Question
from kgqa.model.mention import Mention
from kgqa.ports import MentionRow
from tests.unit.ask.doubles import PUBLIC, MemoryGraph, MemoryIndex, MemoryLake, StoredChunk, name_id

OPTIONS = AskOptions(seed_chunks=2, sentence_seed_chunks=2, hub_chunks=4)
EDGES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 7), st.booleans()), min_size=1, max_size=40)


def _lake(edges: list[tuple[int, int, bool]], hidden: frozenset[int] = frozenset()) -> MemoryLake:
    mentions: dict[int, list[Mention]] = {chunk: [] for chunk in range(1, 10)}
    for chunk, name, is_title in edges:
        start = 0 if is_title else (7 * chunk + 5 * name) % 50
        mentions[chunk].append(
            Mention(chunk_id=chunk, start=start, end=start, norm=f"name {name}", type="", is_title=is_title)
        )
    return MemoryLake(
        [
            StoredChunk(
                chunk=_chunk(chunk),
                acl_class=2 if chunk in hidden else 1,
                mentions=tuple(mentions[chunk]),
                sentence_vectors=np.array([[1.0, 0.0], [0.9, 0.1]], np.float32),
            )
            for chunk in mentions
        ]
    )


def _chunk(chunk: int) -> EvidenceChunk:
    return EvidenceChunk(
        chunk_id=chunk,
        document_id=chunk,
        document_key=str(chunk),
        title="",
        uri="",
        heading_path=(),
        page=None,
        start=0,
        end=50,
        text="x" * 50,
        language="en",
        sentences=((0, 10), (10, 50)),
    )


def _base(scores: list[float]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(chunk_id=n, score=score, language="en", keyword=0, vector=0, sentence=0)
        for n, score in enumerate(scores, start=1)
    )


def _dense_walk(lake: MemoryLake, restart: Restart, options: AskOptions) -> dict[int, float]:
    """The same method, written with whole matrices."""
    view = MemoryIndex(lake).view(PUBLIC, "test")
    whole = MemoryGraph(lake).whole(view, options.hub_chunks)
    names = sorted(set(whole.name_ids.tolist()) | set(restart.names))
    weights = np.zeros((9, len(names)))
    df = document_frequencies(whole)
    for chunk, name, count, title in zip(whole.chunk_ids, whole.name_ids, whole.counts, whole.is_title, strict=True):
        weights[chunk - 1, names.index(name)] = (np.log2(1 + count) + 3 * title) / df[int(name)] ** 0.5
    adjacency = np.block([[np.zeros((9, 9)), weights], [weights.T, np.zeros((len(names),) * 2)]])
    sums = adjacency.sum(axis=0)
    adjacency = adjacency / np.where(sums > 0, sums, 1)
    r = np.array([restart.chunks.get(c, 0.0) for c in range(1, 10)] + [restart.names.get(n, 0.0) for n in names])
    r = r / r.sum()
    x = r
    for _ in range(options.walk_steps):
        x = (1 - options.damping) * r + options.damping * adjacency @ x
    return {c: x[c - 1] for c in range(1, 10) if x[c - 1] > 0}


@settings(max_examples=150, deadline=None)
@given(edges=EDGES, asked=st.sets(st.integers(1, 7), max_size=2))
def test_walk_on_the_subgraph_equals_the_walk_on_the_whole_graph(edges, asked):
    lake = _lake(edges)
    index, graph = MemoryIndex(lake), MemoryGraph(lake)
    view = index.view(PUBLIC, "test")
    vector = np.array([1.0, 0.0], np.float32)
    question = Question(text="?", language="en", name_ids=tuple(name_id(f"name {n}") for n in sorted(asked)))
    base = _base([0.9, 0.87])
    found = expand(question, base, vector, view, index, graph, OPTIONS)

    seeds = seed_weights(base, OPTIONS)
    closeness = sentence_names(index.mentions(view, [1, 2]), index.sentence_scores(view, [1, 2], vector), OPTIONS)
    df = document_frequencies(graph.whole(view, OPTIONS.hub_chunks))
    names = name_weights(question.name_ids, closeness, seeds, df, OPTIONS)
    assert found.scores == pytest.approx(_dense_walk(lake, Restart(chunks=seeds, names=names), OPTIONS))


@settings(max_examples=60, deadline=None)
@given(edges=EDGES, hidden=st.sets(st.integers(3, 9)))
def test_hidden_chunks_change_no_score(edges, hidden):
    lakes = (_lake(edges, frozenset(hidden)), _lake([e for e in edges if e[0] not in hidden]))
    scores = []
    for lake in lakes:
        index = MemoryIndex(lake)
        view = index.view(PUBLIC, "test")
        question = Question(text="?", language="en", name_ids=(name_id("name 1"),))
        vector = np.array([1.0, 0.0], np.float32)
        scores.append(expand(question, _base([0.9, 0.8]), vector, view, index, MemoryGraph(lake), OPTIONS).scores)
    assert not set(scores[0]) & hidden
    assert scores[0] == pytest.approx({c: s for c, s in scores[1].items() if c not in hidden})


def test_seeds_fall_off_sharply_and_sum_to_one():
    weights = seed_weights(_base([0.9, 0.85, 0.2]), AskOptions())
    assert sum(weights.values()) == pytest.approx(1)
    assert weights[1] / weights[2] == pytest.approx(np.e)
    assert weights[3] < 1e-5


def test_names_of_the_closest_sentence_weigh_most_and_title_names_nothing():
    rows = [
        MentionRow(chunk_id=1, start=0, end=0, name_id=9, norm="title", is_title=True),
        MentionRow(chunk_id=1, start=2, end=4, name_id=10, norm="far", is_title=False),
        MentionRow(chunk_id=1, start=12, end=14, name_id=11, norm="near", is_title=False),
    ]
    close = sentence_names(rows, {1: [(0, 10, 0.80), (10, 50, 0.83)]}, AskOptions())
    assert close == {1: {10: pytest.approx(np.exp(-2)), 11: pytest.approx(1.0)}}


def test_hub_names_lead_nowhere():
    lake = _lake([(chunk, 1, False) for chunk in range(1, 10)])
    index = MemoryIndex(lake)
    view = index.view(PUBLIC, "test")
    question = Question(text="?", language="en", name_ids=(name_id("name 1"),))
    vector = np.array([1.0, 0.0], np.float32)
    found = expand(question, _base([0.9]), vector, view, index, MemoryGraph(lake), OPTIONS)
    assert set(found.scores) == {1}


def test_a_walk_without_seeds_reaches_nothing():
    lake = _lake([(1, 1, False)])
    whole = MemoryGraph(lake).whole(MemoryIndex(lake).view(PUBLIC, "test"), 50)
    assert walk(whole, Restart(chunks={}, names={}), OPTIONS) == {}


def _expanded(lake: MemoryLake, options: AskOptions):
    index = MemoryIndex(lake)
    question = Question(text="q", language="en", name_ids=(name_id("name 3"),), names=("name 3",))
    view, vector = index.view(PUBLIC, "test"), np.array([1.0, 0.0], np.float32)
    expansion = expand(question, _base([1.0, 0.9]), vector, view, index, MemoryGraph(lake), options)
    return expansion, index


def test_a_walk_of_no_steps_keeps_the_sentences_and_reaches_nothing():
    lake = _lake([(1, 1, False), (2, 1, False), (3, 3, True)])
    expansion, _ = _expanded(lake, replace(OPTIONS, walk_steps=0))
    assert expansion.scores == {}
    assert len(expansion.subgraph.chunk_ids) == 0
    assert set(expansion.sentences) == {1, 2}


def test_sentences_of_weight_0_are_not_read():
    lake = _lake([(1, 1, False), (2, 1, False)])
    expansion, index = _expanded(lake, replace(OPTIONS, sentence_weight=0.0))
    assert expansion.sentences == {}
    assert index.calls["sentence_scores"] == 0
    assert set(expansion.scores) == {1, 2}


def test_names_of_close_sentences_can_be_left_out_of_the_start():
    lake = _lake([(1, 1, False), (2, 2, False), (4, 1, False)])
    with_names, _ = _expanded(lake, OPTIONS)
    without, index = _expanded(lake, replace(OPTIONS, sentence_name_weight=0.0))
    assert index.calls["mentions"] == 0
    assert without.scores[4] < with_names.scores[4]
