"""What is measured on one lake. Each function takes the lake and the questions and returns figures by name."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from neo4j import Driver
from pgvector import HalfVector

from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.pool import Connection, open_pool
from kgqa.adapters.postgres.search_index import EXACT_CHUNKS, view_parameters
from kgqa.adapters.postgres.statements import load
from kgqa.ask.rank import rank
from kgqa.ask.walk import Restart, walk
from kgqa.model.answer import AskOptions, View
from tests.performance.copies import LEVELS, reader
from tests.performance.lakes import Lake
from tests.performance.oracles import (
    Bm25,
    WholeGraph,
    keyword_agreement,
    restart,
    top_overlap,
)
from tests.performance.prototype_walk import PrototypeWalk
from tests.performance.statements import listening, replaying

OPTIONS = AskOptions()
#: the prototype's graph is loaded beside ours up to this size
PROTOTYPE_CHUNKS = 30_000
Figures = dict[str, Any]


def speed(lake: Lake, questions: Sequence[str]) -> Figures:
    """`rank` and the statements that it issues, each question twice before it counts."""
    services, view = lake.services.ask_services("copies"), lake.view()
    whole: list[float] = []
    bare: list[float] = []
    by_step: dict[str, list[float]] = defaultdict(list)
    by_statement: dict[str, list[float]] = defaultdict(list)
    issued: list[int] = []
    with replaying(lake.endpoints, view.caller) as replay:
        for text in questions:
            with listening() as heard:
                rank(text, view, services, OPTIONS)
            issued.append(len(heard.statements))
            steps: dict[str, float] = {}
            for statement in heard.statements:
                replay.seconds(statement)
            started = time.perf_counter()
            rank(text, view, services, OPTIONS, steps)
            whole.append(time.perf_counter() - started)
            times = [(s.name, replay.seconds(s)) for s in heard.statements]
            bare.append(sum(seconds for _, seconds in times))
            for name, seconds in steps.items():
                by_step[name].append(seconds)
            for name in {name for name, _ in times}:
                by_statement[name].append(sum(seconds for other, seconds in times if other == name))
    costs = {f"statement {name}": _milliseconds(of) for name, of in by_statement.items()}
    costs["model of the question's vector"] = _milliseconds(by_step["ask.embed"])
    costs["all of Python, and the other models"] = _milliseconds(whole) - sum(costs.values())
    return {
        **_percentiles(whole),
        **{f"{name}Statements": value for name, value in _percentiles(bare).items()},
        "ratioP50": float(np.percentile(whole, 50) / np.percentile(bare, 50)),
        "ratioP95": float(np.percentile(whole, 95) / np.percentile(bare, 95)),
        "statements": sorted(set(issued)),
        "steps": {name: _milliseconds(of) for name, of in by_step.items()},
        "costs": dict(sorted(costs.items(), key=lambda item: -item[1])),
    }


def keyword(lake: Lake, questions: Sequence[str]) -> Figures:
    """Agreement of the best ten by BM25 with bm25s."""
    index, view = lake.services.index, lake.view()
    nothing = np.full(lake.services.embedder.dimensions, 0.05, np.float32)
    with _record(lake) as connection:
        expected = Bm25(connection, view.generation)
    found = [index.candidates(view, vector=nothing, text=text, depth=OPTIONS.list_depth) for text in questions]
    agreements = [keyword_agreement(of, expected.scores(text)) for of, text in zip(found, questions, strict=True)]
    return {"questions": len(agreements), "agreement": float(np.mean(agreements)), "worst": min(agreements)}


def vectors(lake: Lake, questions: Sequence[str]) -> Figures:
    """Both vector lists against comparing every vector, for each level of readers; what sentence vectors cost."""
    embedder, recall, forced, chunks = lake.services.embedder, list[float](), list[float](), list[int]()
    queries = embedder.embed(questions, "query")
    sql = load("search")
    times: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        replay = stack.enter_context(replaying(lake.endpoints, reader(LEVELS - 1)))
        connection = replay.connection
        indexed = _has_vector_indexes(connection, lake.view())
        for level in range(LEVELS):
            view = lake.view(level)
            visible = sum(row[1] for row in connection.execute(sql["languages"], view_parameters(view)))
            chunks.append(int(visible))
            found: list[float] = []
            for query in queries:
                bound = _bound(view, query)
                for name in ("vector", "sentence"):
                    exact = _list(connection, sql["candidates_exact"], name, bound, times[f"{name} exact"])
                    if not indexed:
                        continue
                    near = _list(connection, sql["candidates_hnsw"], name, bound, times[f"{name} index"])
                    found.append(len(exact & near) / len(exact))
            forced.append(float(np.mean(found)) if found else 1.0)
            recall.append(1.0 if visible <= EXACT_CHUNKS else forced[-1])
        sizes = dict(
            connection.execute(_SIZES, {"tables": [f"chunk_index_g{lake.chunks}", f"sentence_g{lake.chunks}"]})
        )
    return {
        "questions": len(queries), "chunks": chunks, "recall": recall,
        **({"recallOfTheIndexAlone": forced} if indexed else {}),
        "milliseconds": {name: _milliseconds(of) for name, of in times.items()}, "bytes": sizes,
    }  # fmt: skip


def walks(lake: Lake, questions: Sequence[str]) -> Figures:
    """The bounded walk against the whole visible graph, and against the prototype's statements."""
    services, view = lake.services.ask_services("copies"), lake.view()
    rankings = [rank(text, view, services, OPTIONS) for text in questions]
    with _record(lake) as connection:
        graph = WholeGraph.read(connection, view, OPTIONS)
    starts = [restart(ranking, view, services.index, graph.df, OPTIONS) for ranking in rankings]
    overlaps = [
        top_overlap(ranking.walked, graph.walk(*start, OPTIONS))
        for ranking, start in zip(rankings, starts, strict=True)
    ]
    edges: list[int] = []

    def ours(chunks: Mapping[int, float], names: Mapping[int, float]) -> float:
        started = time.perf_counter()
        subgraph = services.graph.expand(
            view, chunk_ids=list(chunks), name_ids=sorted(names), hub_chunks=OPTIONS.hub_chunks
        )
        walk(subgraph, Restart(chunks=chunks, names=names), OPTIONS)
        edges.append(len(subgraph.chunk_ids))
        return time.perf_counter() - started

    figures: Figures = {"questions": len(overlaps), "overlap": float(np.mean(overlaps)), "worst": min(overlaps)}
    with ExitStack() as stack:
        prototype: Callable[[Mapping[int, float], Mapping[int, float]], float] | None = None
        if lake.chunks <= PROTOTYPE_CHUNKS:
            loaded = stack.enter_context(PrototypeWalk(stack.enter_context(_driver(lake)), graph))
            prototype = lambda chunks, names: loaded.seconds(chunks, names, OPTIONS)  # noqa: E731
        own, other = _side_by_side(starts, ours, prototype)
    figures |= {**_percentiles(own), "edges": int(np.median(edges))}
    if other:
        figures |= {f"{name}Prototype": value for name, value in _percentiles(other).items()}
        figures["prototypeRatio"] = float(np.percentile(own, 50) / np.percentile(other, 50))
        figures["prototypeRatioP95"] = float(np.percentile(own, 95) / np.percentile(other, 95))
    return figures


_Start = tuple[Mapping[int, float], Mapping[int, float]]
_Timed = Callable[[Mapping[int, float], Mapping[int, float]], float]


def _side_by_side(starts: Sequence[_Start], ours: _Timed, other: _Timed | None) -> tuple[list[float], list[float]]:
    """Both in turn for every question, after one round that does not count."""
    own_times: list[float] = []
    other_times: list[float] = []
    for counts in (False, True):
        for start in starts:
            mine, theirs = ours(*start), other(*start) if other else 0.0
            if counts:
                own_times.append(mine)
                other_times += [theirs] if other else []
    return own_times, other_times


_SIZES = b"""
select c.relname, pg_table_size(c.oid) from pg_class c where c.oid = any(array(
    select to_regclass(t)::oid from unnest(%(tables)s::text[]) as t))
union all select i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) from pg_index i
where i.indrelid = any(array(select to_regclass(t)::oid from unnest(%(tables)s::text[]) as t))
    and i.indexrelid::regclass::text like '%%hnsw'"""


def _bound(view: View, query: np.ndarray) -> dict[str, Any]:
    return {
        **view_parameters(view), "languages": [], "rare": [], "queries": [], "vector": HalfVector(query),
        "depth": OPTIONS.list_depth,
    }  # fmt: skip


def _list(
    connection: Connection, statement: bytes, name: str, bound: Mapping[str, Any], times: list[float]
) -> set[int]:
    """One of the lists that a candidates statement unites."""
    lists, _, _ = statement.partition(b"\nselect chunk_id from keyword union")
    last = b" select chunk_id from %s" % name.encode()
    if b"<=> %(vector)s::halfvec" in lists and name == "sentence":
        last += b" group by chunk_id order by min(distance), chunk_id limit %(depth)s"
    started = time.perf_counter()
    found = {row[0] for row in connection.execute(lists + last, bound)}
    times.append(time.perf_counter() - started)
    return found


def _has_vector_indexes(connection: Connection, view: View) -> bool:
    name = f"sentence_g{view.generation}_hnsw"
    row = connection.execute("select to_regclass(%s)", (name,)).fetchone()
    return row is not None and row[0] is not None


@contextmanager
def _record(lake: Lake) -> Generator[Connection]:
    """The record without row-level security."""
    with open_pool(lake.endpoints.postgres_pipeline_url, 1) as pool, pool.connection() as connection:
        yield connection


def _driver(lake: Lake) -> Driver:
    return open_driver(lake.endpoints.neo4j_url, lake.endpoints.neo4j_user, lake.endpoints.neo4j_password)


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    return {name: 1000 * float(np.percentile(seconds, point)) for name, point in (("p50", 50), ("p95", 95))}


def _milliseconds(seconds: Sequence[float]) -> float:
    return 1000 * float(np.mean(seconds))
