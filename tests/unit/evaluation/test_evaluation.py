import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kgqa.adapters.models.ranker import OnnxRanker, packaged_ranker
from kgqa.errors import InvalidInput
from kgqa.evaluation.answers import evaluate_answers
from kgqa.evaluation.commands import print_measures
from kgqa.evaluation.datasets import read_dataset, read_questions
from kgqa.evaluation.measures import (
    contains_answer,
    exact_match,
    intervals,
    means,
    retrieval_measures,
    token_f1,
)
from kgqa.evaluation.run import document_order, evaluate_questions, evaluate_retrieval
from kgqa.model.answer import Caller
from tests.unit.ask.doubles import PUBLIC, MemoryIndex, services
from tests.unit.ask.lakes import SUPPORT_DESK, lake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BEIR folder over the small lake; its collection has the double's name."""
    path = tmp_path / "test"
    (path / "qrels").mkdir(parents=True)
    corpus = [{"_id": key, "title": title, "text": text} for key, title, text, _ in SUPPORT_DESK[:8]]
    with gzip.open(path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in corpus)
    queries = [("q1", "Who signed off CO-2041?"), ("q2", "Which supplier makes part HP-7731-04?"), ("q3", "unjudged")]
    (path / "queries.jsonl").write_text("".join(json.dumps({"_id": q, "text": t}) + "\n" for q, t in queries))
    (path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tregister\t1\nq2\tparts\t1\nq2\tcanteen\t0\n")
    answers = {"q1": ["Marta Lindqvist"], "q2": ["Kestrel Seals", "Kestrel Seals Ltd"]}
    (path / "answers.jsonl").write_text(
        "".join(json.dumps({"_id": q, "answers": a}) + "\n" for q, a in answers.items())
    )
    return path


class Ingested:
    """Remembers what it was given; the lake in memory is already there."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, collection, documents) -> None:
        self.collection = collection
        self.keys = [document.key for document in documents]


class AnyCollection(MemoryIndex):
    def view(self, caller, collection):
        return super().view(caller, "test")


def test_a_folder_is_read_with_its_judged_queries_only(folder):
    dataset = read_dataset(folder)
    assert list(dataset.queries) == ["q1", "q2"]
    assert dataset.gold == {"q1": {"register"}, "q2": {"parts"}}
    documents = list(dataset.documents())
    assert [d.key for d in documents] == [key for key, *_ in SUPPORT_DESK[:8]]
    assert documents[0].metadata == {"title": "Life cycle"}
    assert dataset.collection == "eval-test"


def test_titles_that_are_withheld_are_the_first_line_of_the_text(folder, tmp_path):
    dataset = read_dataset(folder, titles=False)
    assert dataset.collection == "eval-test-untitled"
    dataset.write_corpus(tmp_path / "without")
    row = json.loads((tmp_path / "without" / "corpus.jsonl").read_text().splitlines()[0])
    first = next(iter(read_dataset(folder).documents()))
    assert (row["_id"], row["title"]) == (first.key, "")
    assert row["text"].split("\n\n", 1) == ["Life cycle", first.data.decode()]
    documents = list(dataset.documents())
    assert (documents[0].metadata, documents[0].data.decode()) == ({}, row["text"])


def test_a_folder_without_its_files_is_refused_with_the_name_of_the_file(tmp_path):
    with pytest.raises(InvalidInput, match="qrels"):
        read_dataset(tmp_path)


def test_retrieval_run_measures_and_writes_its_files(folder, tmp_path):
    ingest, store = Ingested(), lake()
    json_path, run_path = tmp_path / "out.json", tmp_path / "run.txt"
    parts = services(store, index=AnyCollection(store))
    report = evaluate_retrieval(folder, parts, ingest, json_path=json_path, run_path=run_path)
    assert len(ingest.keys) == 8
    assert report.measures["recall@5"] == 1.0
    written = json.loads(json_path.read_text())
    assert {"recall@1", "recall@5", "recall@20", "all@5", "all@8", "ndcg@10", "mrr@10"} <= set(written["measures"])
    assert written["intervals"]["recall@5"] == [1.0, 1.0]
    assert written["ranker"] == {"name": "none"}
    first = run_path.read_text().splitlines()[0].split()
    assert first[:2] == ["q1", "Q0"]
    assert first[3] == "1"


def test_a_report_says_what_the_ranker_learned_from(folder, tmp_path):
    store = lake()
    ranker = OnnxRanker(packaged_ranker(unseen="2wiki"))
    parts = services(store, index=AnyCollection(store), ranker=ranker)
    used = evaluate_retrieval(folder, parts, Ingested()).ranker
    assert used["name"] == "without-2wiki"
    assert "musique" in used["families"]
    assert "2wiki" not in used["families"]
    assert not [name for name in used["trained_on"] if name.startswith("2wiki")]
    assert evaluate_retrieval(folder, parts, Ingested(), mode="fused").ranker == {"name": "none"}
    console = Console(record=True, width=200)
    print_measures(evaluate_retrieval(folder, parts, Ingested()), console)
    assert f"ranker without-2wiki, trained on families: {', '.join(used['families'])}" in console.export_text()


def test_answers_are_measured_against_accepted_answers_and_gold_documents(folder):
    store = lake()
    report = evaluate_answers(folder, services(store, index=AnyCollection(store)), Ingested())
    assert report.questions == 2
    assert report.measures["answer_in_text"] == 1.0
    assert report.measures["citation_recall"] == 1.0
    assert report.measures["abstained"] == 0.0


def test_example_questions_are_asked_as_their_reader_and_summed_up_by_hops(tmp_path):
    rows = [
        {"id": "a", "question": "Who signed off CO-2041?", "hops": 1, "answers": ["Marta Lindqvist"],
         "documents": ["register"], "as": "public"},
        {"id": "b", "question": "What do we pay for part HP-7731-04?", "hops": 1, "answers": ["9.57"],
         "documents": ["prices"], "as": "user:ivy"},
        {"id": "c", "question": "Who signed off CO-9999?", "hops": 0, "answers": [], "documents": [], "as": "public"},
    ]  # fmt: skip
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({**row, "language": "en"}) + "\n" for row in rows))

    class Everybody:
        def caller(self, subject: str) -> Caller:
            return Caller(subject=subject, principals=("public",))

    results, summary = evaluate_questions(path, services(lake()), Everybody(), "test")
    assert [r.correct for r in results] == [True, True, True]
    assert summary["unanswerable"] == {"questions": 1.0, "correct": 1.0}
    assert summary["1 hop"]["recall@5"] == 1.0
    assert len(read_questions(path)) == 3


def test_duplicates_answer_under_every_key():
    store = lake()
    store.chunks[0] = type(store.chunks[0])(
        chunk=store.chunks[0].chunk, mentions=store.chunks[0].mentions, duplicates=("another",)
    )
    index = MemoryIndex(store)
    view = index.view(PUBLIC, "test")
    order = [c.chunk.chunk_id for c in store.chunks[:2]]
    assert document_order(order, view, index) == ["another", "lifecycle", "p350"]


def test_measures_of_a_run_worked_out_by_hand():
    gold = {"q": frozenset({"a", "b"}), "r": frozenset({"c"}), "none": frozenset({"d"})}
    run = {"q": ["a", "x", "y", "z", "w", "b"], "r": ["x", "c"], "none": []}
    found = retrieval_measures(run, gold)
    assert found["recall@1"] == [0.5, 0.0, 0.0]
    assert found["recall@5"] == [0.5, 1.0, 0.0]
    assert found["recall@8"] == [1.0, 1.0, 0.0]
    assert found["all@5"] == [0.0, 1.0, 0.0]
    assert found["all@8"] == [1.0, 1.0, 0.0]
    assert found["mrr@10"] == [1.0, 0.5, 0.0]
    assert found["ndcg@10"][1] == pytest.approx(0.6309, abs=1e-4)
    assert means(found)["recall@5"] == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_intervals_hold_the_mean_and_are_repeatable(values):
    low, high = intervals({"m": values})["m"]
    mean = means({"m": values})["m"]
    assert min(values) - 1e-9 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= max(values) + 1e-9
    assert intervals({"m": values})["m"] == (low, high)


def test_answers_are_compared_without_case_articles_and_punctuation():
    assert exact_match("The Kestrel Seals!", ["kestrel seals"]) == 1.0
    assert exact_match("Kestrel", ["Kestrel Seals"]) == 0.0
    assert token_f1("Kestrel", ["Kestrel Seals"]) == pytest.approx(2 / 3)
    assert token_f1("", ["x"]) == 0.0
    assert contains_answer("It is 88, they say.", ["88"])
    assert not contains_answer("It is 188.", ["88"])
