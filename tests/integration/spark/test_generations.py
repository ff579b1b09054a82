"""Another generation is built, made active and left again while questions are asked and documents change."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from kgqa.adapters.keyring import Keyring
from kgqa.ask.pipeline import answer
from kgqa.bootstrap import Services, build_services
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.answer import Answer, AskOptions, Caller
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.model.identity import document_id
from tests.integration.spark.lake import Servers, ingest_one_by_one, write_lake

COLLECTION = "lake"
READER = Caller(subject="user:rae", principals=("public", "user:rae"))
QUESTIONS = (
    "Who makes the seal of the P350?",
    "What does the P350 show when unit 7 runs dry?",
    "Which notice names Kestrel Seals and unit 11?",
)
ASKERS = 2
#: leaves the job that builds the generation something of the machine
PAUSE_SECONDS = 0.2
#: more than are read without a Spark job
MANY_DOCUMENTS = 40

Seen = tuple[str, tuple[int, ...], float | None]


def seen(found: Answer) -> Seen:
    """What must not be a mix: the text, the evidence, and a number that depends on vectors."""
    return found.text, tuple(c.chunk_id for c in found.citations), found.confidence


@dataclass(slots=True)
class Load:
    """Questions that are asked over and over."""

    services: Services
    stopping: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, Seen]] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def ask(self) -> None:
        while not self.stopping.is_set():
            for question in QUESTIONS:
                try:
                    self.seen.append((question, seen(self.answer(question))))
                except BaseException as problem:  # noqa: BLE001 - whatever it is, a question failed
                    self.failed.append(problem)
                self.stopping.wait(PAUSE_SECONDS)

    def answer(self, question: str) -> Answer:
        return answer(question, READER, COLLECTION, self.services.ask_services(COLLECTION), AskOptions())

    def answers(self) -> dict[str, Seen]:
        """One answer to each."""
        return {question: seen(self.answer(question)) for question in QUESTIONS}

    @contextmanager
    def running(self) -> Iterator[None]:
        self.stopping.clear()
        threads = [threading.Thread(target=self.ask) for _ in range(ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join(60)


def kgqa(
    servers: Servers, *arguments: str, encoder: str, expected: int = 0, keys: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    """A command, as an operator runs it; what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", "from kgqa.cli.main import main; main()", *arguments],
        env={**servers.environment(), "KGQA_MODELS__ENCODER": encoder, **(keys or {})},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    return json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def put(services: Services, *keys: str, text: str = "Moravec Bearings makes the bearing of {key}.") -> None:
    """Documents that questions of the load are not about, in a collection of their own."""
    raws = [
        RawDocument(collection="news", key=key, uri=f"memory:{key}", data=text.format(key=key).encode()) for key in keys
    ]
    deltas = ingest_documents(raws, services.ingest_parts("news"))
    services.store.apply_delta(IngestDelta(collection="news", upserts=tuple(deltas)))


def published(servers: Servers) -> dict[int, set[str]]:
    """Keys of the documents of each generation."""
    query = "select p.generation, d.key from publication p join document d on d.id = p.document_id"
    with psycopg.connect(servers.database.superuser_url) as connection:
        found: dict[int, set[str]] = {}
        for generation, key in connection.execute(query):
            found.setdefault(generation, set()).add(key)
    return found


@pytest.fixture
def built(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Iterator[Services]:
    write_lake(tmp_path / "lake", request.param)
    ingest_one_by_one(servers, tmp_path / "lake")
    with build_services(servers.settings, servers.endpoints) as services:
        put(services, *(f"before-{i}" for i in range(4)))
        while services.graph.project():
            pass
        yield services
        for generation in services.store.generations():
            services.graph.drop(generation.id)


@pytest.mark.parametrize("built", [MANY_DOCUMENTS], indirect=True)
def test_flip_and_rollback_under_questions_and_changes(servers: Servers, built: Services) -> None:
    load = Load(built)
    old = load.answers()
    with load.running():
        report = kgqa(servers, "reindex", "--no-activate", "--json", encoder="hashing:64")
        generation = int(str(report["generation"]))
        assert report["documents"] == {"lake": 41, "news": 4}
        built.store.apply_delta(IngestDelta(collection="news", deletions=("before-0",)))
        put(built, "before-1", text="Tessera Coatings paints {key}.")
        put(built, "new-1", "new-2")
        first = built.store.generation().id
        assert {g.id: (g.behind, g.documents) for g in built.store.generations()} == {
            first: (0, 46),
            generation: (3, 43),
        }
        flipped = kgqa(servers, "generation", "activate", str(generation), "--json", encoder="hashing")
    assert (flipped["previous"], flipped["documents"]) == (first, {"lake": 0, "news": 3})
    assert not load.failed
    new = load.answers()
    assert new != old
    asked = Counter((question, found in (old[question], new[question])) for question, found in load.seen)
    assert asked
    assert all(whole for _, whole in asked)
    assert built.store.generation().id == generation
    assert set(built.store.keys("news")) == {"before-1", "before-2", "before-3", "new-1", "new-2"}
    # what changes now goes to the new generation, with its encoder, and leaves the old one
    put(built, "before-2", text="Brightwater ships {key}.")
    assert published(servers)[first] == published(servers)[generation] - {"before-2"}
    load.seen.clear()
    with load.running():
        back = kgqa(servers, "generation", "rollback", "--json", encoder="hashing")
    assert (back["generation"], back["previous"]) == (first, generation)
    assert back["documents"] == {"lake": 0, "news": 1}
    assert not load.failed
    assert {found in (old[question], new[question]) for question, found in load.seen} == {True}
    assert load.answers() == old
    assert published(servers)[first] == published(servers)[generation]
    for each in (first, generation):
        assert [found for _, findings in built.store.check(each) for found in findings] == []
        assert not built.graph.compare(each)


@pytest.mark.parametrize("built", [6], indirect=True)
def test_a_generation_that_is_not_whole_is_refused_and_one_that_is_dropped_leaves_nothing(
    servers: Servers, built: Services
) -> None:
    first = built.store.generation().id
    report = kgqa(servers, "reindex", "--no-activate", "--json", encoder="hashing:64")
    generation = str(report["generation"])
    with psycopg.connect(servers.database.superuser_url) as connection:
        connection.execute("delete from entity where generation = %s", (int(generation),))
    refused = kgqa(servers, "generation", "activate", generation, encoder="hashing", expected=73)
    assert "is not whole" in str(refused["error"])
    assert built.store.generation().id == first
    kgqa(servers, "generation", "drop", str(first), encoder="hashing", expected=64)
    kgqa(servers, "generation", "drop", generation, encoder="hashing")
    assert [g.id for g in built.store.generations()] == [first]
    assert [found for _, findings in built.store.check(first) for found in findings] == []
    with psycopg.connect(servers.database.superuser_url) as connection:
        orphans = "select count(*) from document_version where id not in (select version_id from publication)"
        assert connection.execute(orphans).fetchone() == (0,)
    kgqa(servers, "generation", "rollback", encoder="hashing", expected=66)


def test_a_masked_collection_is_rebuilt_from_its_text_and_the_vault(servers: Servers, tmp_path: Path) -> None:
    letter = "The seal was ordered by Elena Ruiz (elena.ruiz@northline.com) last week. Jonas Weber paid for it."
    keys = {"KGQA_PII__TOKEN_KEY": "of this test", "KGQA_PII__KEYS": f"test:{Keyring.new_key()}"}
    kgqa(servers, "collection", "set-pii", "letters", "mask", encoder="hashing", keys=keys)
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.txt").write_text(letter, encoding="utf-8")
    (folder / "b.txt").write_text("Nobody is named here.", encoding="utf-8")
    kgqa(servers, "ingest", str(folder), "--collection", "letters", "--json", encoder="hashing", keys=keys)
    before = masked_rows(servers)
    assert "Elena Ruiz" not in str(before)
    assert "[EMAIL_ADDRESS:" in str(before)
    report = kgqa(servers, "reindex", "--json", encoder="hashing:64", keys=keys)
    assert report["documents"] == {"letters": 2}
    after = masked_rows(servers)
    (first,), (second,) = before, set(after) - set(before)
    assert after[first] == after[second] == before[first]
    with build_services(servers.settings, servers.endpoints) as services:
        assert services.store.generation().id == second
        for generation in (first, second):
            assert [found for _, findings in services.store.check(generation) for found in findings] == []
        hit = services.library.document(READER, document_id("letters", "a.txt"))
        assert hit is not None
        assert "[EMAIL_ADDRESS:" in hit.text
        for generation in services.store.generations():
            services.graph.drop(generation.id)


def masked_rows(servers: Servers) -> dict[int, list[tuple[object, ...]]]:
    """By generation the texts, their chunks, and the tokens that the vault opens."""
    query = """
        select p.generation, d.key, v.text, v.raw_content_id,
            array(select c.text from chunk_placement l join chunk c on c.id = l.chunk_id
                where l.version_id = v.id order by l.ordinal),
            array(select u.token from pii_use u join pii_vault s using (collection_id, token)
                where u.version_id = v.id order by 1)
        from publication p join document d on d.id = p.document_id join document_version v on v.id = p.version_id
        order by 1, 2"""
    found: dict[int, list[tuple[object, ...]]] = {}
    with psycopg.connect(servers.database.superuser_url) as connection:
        for generation, *row in connection.execute(query):
            found.setdefault(generation, []).append(tuple(row))
    return found
