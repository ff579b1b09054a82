"""The benchmark table: paired intervals, stages switched off, one question read once, a page that says all of it."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from kgqa.errors import InvalidInput
from kgqa.evaluation.ablations import ABLATIONS, ablated
from kgqa.evaluation.benchmark_run import Plan
from kgqa.evaluation.benchmarks import SYSTEMS, ask_all, measure_pooled, measure_set, unfair
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.measures import Estimate, estimates, paired
from kgqa.evaluation.memo import RememberedServices
from kgqa.evaluation.page import Provenance, benchmarks_page
from kgqa.evaluation.pool import pool_name, pooled, write_pool
from kgqa.evaluation.run import document_order
from kgqa.model.answer import AskOptions
from tests.unit.ask.doubles import PUBLIC, MemoryGraph, MemoryIndex, StoredChunk, services
from tests.unit.ask.lakes import SUPPORT_DESK, lake

PROVENANCE = Provenance(command="./run kgqa eval benchmarks", commit="abc1234", machine="2 cores")


class CountingGraph(MemoryGraph):
    calls = 0

    def expand(self, view, **seeds):
        self.calls += 1
        return super().expand(view, **seeds)


def folder(path: Path, gold: str = "register") -> Path:
    """A BEIR folder over the small lake."""
    (path / "qrels").mkdir(parents=True)
    with gzip.open(path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(
            json.dumps({"_id": key, "title": title, "text": text}) + "\n" for key, title, text, _ in SUPPORT_DESK
        )
    queries = {"q1": "Who signed off CO-2041?", "q2": "Which supplier makes part HP-7731-04?"}
    (path / "queries.jsonl").write_text("".join(json.dumps({"_id": q, "text": t}) + "\n" for q, t in queries.items()))
    (path / "qrels/test.tsv").write_text(f"query-id\tcorpus-id\tscore\nq1\t{gold}\t1\nq2\tparts\t1\n")
    return path


def test_the_paired_interval_is_that_of_scipy_over_the_differences():
    draw = np.random.default_rng(3)
    left, right = draw.random(80), draw.random(80)
    found = paired({"m": left.tolist()}, {"m": right.tolist()})["m"]
    wanted = stats.bootstrap((left - right,), np.mean, n_resamples=20_000, method="percentile", rng=1)
    assert found.mean == pytest.approx(float((left - right).mean()))
    assert found.low == pytest.approx(wanted.confidence_interval.low, abs=0.01)
    assert found.high == pytest.approx(wanted.confidence_interval.high, abs=0.01)


def test_pairing_takes_out_what_makes_questions_hard_for_both():
    hard = np.random.default_rng(5).random(60)
    difference = paired({"m": (hard + 0.01).tolist()}, {"m": hard.tolist()})["m"]
    assert difference.sign == 1
    assert difference.high - difference.low < 1e-6
    assert estimates({"m": hard.tolist()})["m"].high - estimates({"m": hard.tolist()})["m"].low > 0.1


def test_questions_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        paired({"m": [1.0, 0.0]}, {"m": [1.0]})


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-0.02, 0.1, True), (-0.05, -0.04, False), (-0.05, 0.05, None), (-0.03, 0.0, None)]
)
def test_a_loss_is_ruled_out_only_by_the_whole_interval(low, high, verdict):
    assert Estimate(mean=(low + high) / 2, low=low, high=high).no_worse(0.03) is verdict


def test_each_ablation_changes_the_options_that_it_names_and_nothing_else():
    full = dataclasses.asdict(AskOptions())
    for name, options in ablated().items():
        changed = {key: value for key, value in dataclasses.asdict(options).items() if full[key] != value}
        assert changed == dict(ABLATIONS[name])
        assert changed, f"{name} changes nothing"


def test_an_unknown_ablation_is_refused_with_those_that_there_are():
    with pytest.raises(InvalidInput, match="no coffee") as problem:
        ablated(["no walk", "no coffee"])
    assert "no title edge" in problem.value.hint


def test_a_plan_with_unknown_names_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(InvalidInput, match="no coffee"):
        Plan(folders=[tmp_path], ablations=["no coffee"])
    with pytest.raises(InvalidInput, match="elsewhere is none of the sets"):
        Plan(folders=[tmp_path / "desk"], pool=["desk", "elsewhere"])
    plan = Plan(folders=[tmp_path / "desk"], pool=["desk"], ablations=["no walk"], limit=5)
    assert "DATA/desk " in plan.command
    assert "--ablation-limit 100 --ablation 'no walk' --limit 5 --pool desk" in plan.command
    assert str(tmp_path) not in plan.command


@pytest.mark.parametrize("name", ["no walk", "no walk, no learned ranker"])
def test_without_a_walk_the_graph_is_not_read(name):
    graph = CountingGraph(lake())
    parts = services(lake(), graph=graph)
    questions = iter([("q", "Who signed off CO-2041?")])
    ask_all(questions, parts.index.view(PUBLIC, "test"), parts, ablated([name]))
    assert graph.calls == 0


def test_configurations_share_the_reads_of_a_question_and_give_what_they_give_alone():
    store = lake()
    graph = CountingGraph(store)
    parts = services(store, graph=graph)
    view = parts.index.view(PUBLIC, "test")
    questions = [("q1", "Who signed off CO-2041?"), ("q2", "Which supplier makes part HP-7731-04?")]
    together = ask_all(iter(questions), view, parts, {**SYSTEMS, **ablated()})
    calls = graph.calls
    assert parts.index.calls["candidates"] == 2 * 2  # once for each question, and once with shallow lists
    for name, options in {**SYSTEMS, **ablated()}.items():
        alone = ask_all(iter(questions), view, services(store), {name: options})
        assert together.runs[name] == alone.runs[name], name
    assert calls < 2 * len({**SYSTEMS, **ablated()})


def test_reads_of_chunks_are_remembered_chunk_by_chunk():
    store = lake()
    parts = services(store)
    remembered = RememberedServices.of(parts)
    view = parts.index.view(PUBLIC, "test")
    ids = sorted(c.chunk.chunk_id for c in store.chunks)
    asked: list[list[int]] = []
    read = parts.index.mentions
    parts.index.mentions = lambda view, chunk_ids: asked.append(list(chunk_ids)) or read(view, chunk_ids)
    for some in (ids[:3], ids[1:5], [*ids[:2], 404], [404]):
        assert remembered.index.mentions(view, some) == read(view, some)
    assert asked == [ids[:3], ids[3:5], [404]]
    remembered.memo.forget()
    remembered.index.mentions(view, ids[:1])
    assert asked[-1] == ids[:1]
    assert remembered.index.document_keys(view, ids[:4]) == parts.index.document_keys(view, ids[:4])


def test_a_set_is_measured_with_every_system_and_ablation(tmp_path):
    dataset = read_dataset(folder(tmp_path / "desk-1"))
    parts = services(lake())
    view = parts.index.view(PUBLIC, "test")
    result, asked = measure_set(dataset, iter(dataset.queries.items()), view, parts, ablated(["no walk"]), 1)
    assert (result.questions, result.ablation_questions, result.documents) == (2, 1, len(SUPPORT_DESK))
    assert set(result.rows) == set(SYSTEMS)
    assert result.rows["fused"].measures["recall@5"].mean == 1.0
    assert result.rows["fused"].p50 <= result.rows["graph"].p50
    assert set(result.steps) == {"graph - fused", "ranker - graph", "ranker - fused"}
    assert list(asked.runs["ranker"]) == ["q1", "q2"]
    assert len(asked.timings) == 2


def test_a_pool_names_documents_by_their_set_and_is_written_the_same_twice(tmp_path):
    sets = [read_dataset(folder(tmp_path / name)) for name in ("desk-1", "desk-2")]
    assert write_pool(sets, tmp_path / "pool") == 2 * len(SUPPORT_DESK)
    first = (tmp_path / "pool/corpus.jsonl.gz").read_bytes()
    write_pool(sets, tmp_path / "pool")
    assert (tmp_path / "pool/corpus.jsonl.gz").read_bytes() == first
    keys = [json.loads(line)["_id"] for line in gzip.decompress(first).splitlines()]
    assert len(set(keys)) == len(keys)
    assert pooled(sets[1]).gold["q1"] == {"desk-2/register"}
    assert pooled(sets[1]).gold["q1"] <= set(keys)
    assert pool_name(sets) == pool_name(sets[::-1]) != pool_name(sets[:1])


def test_sets_of_one_name_cannot_be_pooled(tmp_path):
    sets = [read_dataset(folder(tmp_path / parent / "desk")) for parent in ("a", "b")]
    with pytest.raises(InvalidInput, match="same name"):
        pool_name(sets)


def test_a_text_of_several_sets_takes_one_place_as_whoever_asks():
    store = lake()
    first, second = store.chunks[:2]
    store.chunks[0] = StoredChunk(chunk=first.chunk, mentions=first.mentions, duplicates=("a/1", "b/1", "b/2"))
    store.chunks[1] = StoredChunk(chunk=second.chunk, mentions=second.mentions, duplicates=("a/2",))
    index = MemoryIndex(store)
    view = index.view(PUBLIC, "test")
    order = [first.chunk.chunk_id, second.chunk.chunk_id]
    assert document_order(order, view, index, own="b/") == ["b/1", "b/2", "a/2"]
    assert document_order(order, view, index, own="a/") == ["a/1", "a/2"]


def test_a_set_is_compared_with_itself_in_the_pool(tmp_path):
    dataset = read_dataset(folder(tmp_path / "desk-1"))
    store = lake()
    parts = services(store)
    view = parts.index.view(PUBLIC, "test")
    _, alone = measure_set(dataset, iter(dataset.queries.items()), view, parts, {}, 0)
    for place, one in enumerate(store.chunks):
        chunk = dataclasses.replace(one.chunk, document_key=f"desk-1/{one.chunk.document_key}")
        store.chunks[place] = dataclasses.replace(one, chunk=chunk)
    result = measure_pooled(dataset, alone, iter(dataset.queries.items()), view, parts, 20)
    assert result.measures["recall@5"].mean == 1.0
    assert result.difference["recall@5"] == Estimate(mean=0.0, low=0.0, high=0.0)


def test_the_page_tells_n_intervals_and_what_lies_beyond_chance(tmp_path):
    dataset = read_dataset(folder(tmp_path / "2wiki-x"))
    parts = services(lake())
    view = parts.index.view(PUBLIC, "test")
    result, alone = measure_set(dataset, iter(dataset.queries.items()), view, parts, ablated(["no walk"]), 2)
    lost = {name: Estimate(mean=-0.2, low=-0.3, high=-0.1) for name in result.ablations["no walk"]}
    card = {"name": "all", "families": ["2wiki"], "trained_on": {"2wiki-51": 51}}
    result = dataclasses.replace(result, ablations={"no walk": lost}, ranker=card)
    pool = measure_pooled(dataset, alone, iter(dataset.queries.items()), view, parts, 1234)
    page = benchmarks_page([result], [pool], PROVENANCE)
    assert unfair(result)
    assert "**(which are of the same family: its figures are too good)**" in page
    assert not unfair(dataclasses.replace(result, ranker={"name": "none"}))
    assert "| fused, no graph | 1.000 [1.000, 1.000] |" in page
    assert "| no walk | `walk_steps=0` | **-0.200 [-0.300, -0.100]** |" in page
    assert "n = 2wiki-x 2" in page
    assert "1,234 documents of 1 sets" in page
    assert "| 2wiki-x | 2 |" in page
    assert "HippoRAG 2" in page
    assert "abc1234" in page
    assert not [line for line in page.splitlines() if line.startswith("|") and not line.endswith("|")]
    widths = [line.count("|") for line in page.splitlines() if line.startswith(("| ---", "| fused"))]
    assert widths[0] == widths[1]
