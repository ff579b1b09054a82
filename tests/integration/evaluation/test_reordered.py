"""The same documents in another order, and the same questions once more: the same run files, byte by byte."""

from __future__ import annotations

import dataclasses
import gzip
import json
import random
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Endpoints
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.run import evaluate_retrieval
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from tests.integration.conftest import Database, own_generation

PEOPLE = ("Marta Lindqvist", "Jonas Weber", "Aiko Tanaka", "Pedro Alvarez", "Nadia Rahman")
PLACES = ("Turku", "Graz", "Sapporo", "Cusco")
#: documents of one delta: an ingest is several of them
BATCH = 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts that differ in their title alone, exact duplicates, and names that many share: ties at every step."""
    path = tmp_path / "ties"
    (path / "qrels").mkdir(parents=True)
    rows: list[dict[str, str]] = []
    for number in range(40):
        person, place = PEOPLE[number % len(PEOPLE)], PLACES[number % len(PLACES)]
        text = f"The pump was installed in {place}. {person} signed the report. Nobody complained."
        rows.append({"_id": f"d{number:02}", "title": f"Report {number % 10}", "text": text})
    rows += [{"_id": f"p{n}", "title": p, "text": f"{p} lives in {PLACES[n % 4]}."} for n, p in enumerate(PEOPLE)]
    with gzip.open(path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    queries = [f"Who signed the report in {place}?" for place in PLACES] + [f"Where does {p} live?" for p in PEOPLE]
    with (path / "queries.jsonl").open("w") as file:
        file.writelines(json.dumps({"_id": f"q{n}", "text": text}) + "\n" for n, text in enumerate(queries))
    judged = [f"q{n}\td{10 * (n % 4):02}\t1\n" for n in range(len(queries))]
    (path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged))
    return path


@contextmanager
def world(settings: Settings, endpoints: Endpoints, database: Database) -> Generator[Services]:
    """Services over an empty database and a generation of its own, with the encoder that needs no model."""
    settings = settings.model_copy(update={"models": settings.models.model_copy(update={"encoder": "hashing"})})
    own = dataclasses.replace(
        endpoints,
        postgres_app_url=database.app_url,
        postgres_pipeline_url=database.pipeline_url,
        postgres_owner_url=database.owner_url,
    )
    generation = own_generation(database.owner_url)
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        apply_schema(driver)
        with build_services(settings, own) as services:
            yield services
        wipe(driver, generation)


def ingest(services: Services, documents: Sequence[RawDocument]) -> None:
    collection = documents[0].collection
    parts = services.ingest_parts(collection)
    for start in range(0, len(documents), BATCH):
        deltas = ingest_documents(documents[start : start + BATCH], parts)
        services.store.apply_delta(IngestDelta(collection=collection, upserts=tuple(deltas)))
        while services.graph.project():
            pass


def nothing(collection: str, documents: object) -> None:
    """An ingest that finds everything as it was."""


def test_runs_are_the_same_again_and_after_a_reordered_ingest(
    folder: Path, settings: Settings, endpoints: Endpoints, make_database: Callable[[], Database], tmp_path: Path
) -> None:
    dataset = read_dataset(folder)
    documents = list(dataset.documents())
    runs: list[bytes] = []
    measures: list[object] = []
    for order, times in (documents, 2), (documents[::-1], 1), (random.Random(5).sample(documents, len(documents)), 1):
        with world(settings, endpoints, make_database()) as services:
            ingest(services, order)
            asking = services.ask_services(dataset.collection)
            assert asking.ranker is not None
            for _ in range(times):
                path = tmp_path / f"{len(runs)}.run"
                report = evaluate_retrieval(folder, asking, nothing, run_path=path)
                runs.append(path.read_bytes())
                measures.append((report.measures, report.intervals))
    assert len(runs[0].splitlines()) > 9 * 20
    assert runs[1] == runs[0], "a second run differs"
    assert runs[2:] == [runs[0]] * 2, "the order of the ingest shows"
    assert measures == [measures[0]] * 4
