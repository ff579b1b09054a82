"""Another generation of the index: built beside the active one, checked, and made active in one transaction.

    start      a generation for the configured encoder, or the one that is being built with it
    bring up   every document that it lacks, read again from the record (the Spark job `rebuild`)
    check      the record, the graph, and golden questions, on the generation that nobody reads yet
    flip       changes wait for seconds while the last of them are brought over; questions never wait

Going back to a generation that was active is the same without `start`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from kgqa.adapters.postgres.generations import flipping, reopen, start_generation
from kgqa.adapters.postgres.vector_indexes import ensure_vector_indexes
from kgqa.ask.rank import rank
from kgqa.bootstrap import Services
from kgqa.demo import drawn_job
from kgqa.embedded.stack import Endpoints
from kgqa.errors import Conflict, InvalidInput
from kgqa.ingest.pipeline import ingest_documents, stage_versions
from kgqa.maintenance import check_stores
from kgqa.model.answer import AskOptions
from kgqa.rendering import index_bars

#: jobs that bring a generation up: the first brings all, the others what changed while one ran
ROUNDS = 5
#: documents that are read in this process, and at the flip: what takes a job longer to start than to do
FEW_DOCUMENTS = 32
#: a golden question is answered when one of its documents is among the first so many
GOLDEN_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenQuestion:
    """A question, and the documents that answer it."""

    question: str
    documents: frozenset[str]
    collection: str
    #: who asks
    principal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """What making a generation active came to."""

    generation: int
    #: the one that was active before
    previous: int
    #: documents that were read for it, by collection
    documents: Mapping[str, int]
    #: golden questions whose document was found: before, and now; empty without questions
    golden: tuple[int, ...] = ()
    indexes: tuple[str, ...] = ()


def read_golden(path: Path, collection: str) -> list[GoldenQuestion]:
    """Golden questions of a file of JSON lines (`question`, `documents`, and optionally `collection`, `as`).

    Lines without documents are left out. Raises InvalidInput.
    """
    questions: list[GoldenQuestion] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            found = GoldenQuestion(
                question=str(said["question"]),
                documents=frozenset(map(str, said["documents"])),
                collection=str(said.get("collection", collection)),
                principal=str(said.get("as", "public")),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise InvalidInput(
                f"Line {number} of {path.name} is no golden question: {problem}.",
                hint='write {"question": "...", "documents": ["key"], "collection": "...", "as": "user:ivy"}.',
            ) from None
        if found.documents:
            questions.append(found)
    return questions


def start(services: Services, endpoints: Endpoints) -> int:
    """The generation that the configured encoder builds."""
    embedder = services.encoders.configured
    encoder = services.settings.models.encoder
    url = endpoints.postgres_owner_url
    return start_generation(url, model=embedder.model, encoder=encoder, dimensions=embedder.dimensions)


def bring_up(services: Services, endpoints: Endpoints, generation: int, console: Console) -> dict[str, int]:
    """Read what a generation lacks; how many documents of each collection were read.

    What changes meanwhile is read in further rounds, until few documents are left: those are for the flip.
    """
    reopen(endpoints.postgres_owner_url, generation)
    read: dict[str, int] = {}
    for _ in range(ROUNDS):
        behind = next(g.behind for g in services.store.generations() if g.id == generation)
        if behind <= FEW_DOCUMENTS:
            break
        report = drawn_job("rebuild", ["--generation", str(generation)], services.settings, console)
        documents = report["documents"]
        assert isinstance(documents, Mapping)
        _add(read, {str(collection): int(number) for collection, number in documents.items()})
    _add(read, bring_up_here(services, generation))
    return read


def bring_up_here(services: Services, generation: int) -> dict[str, int]:
    """The same for a few documents, in this process: no job has to start."""
    bound = services.at(generation)
    read: dict[str, int] = {}
    for collection in bound.store.collection_names():
        parts = bound.ingest_parts(collection)
        run = bound.store.start_run(collection, stage_versions(parts))
        behind = bound.store.behind(run)
        for first in range(0, len(behind), FEW_DOCUMENTS):
            found = [
                bound.store.recorded(collection, document, partial(services.unseal, collection))
                for document, _, _, _ in behind[first : first + FEW_DOCUMENTS]
            ]
            bound.store.stage(run, ingest_documents([raw for raw in found if raw is not None], parts))
        bound.store.publish(run, resolve=False)
        bound.store.resolve(collection)
        read[collection] = len(behind)
    while bound.graph.project():
        pass
    return read


def check(services: Services, generation: int, golden: Sequence[GoldenQuestion], console: Console) -> tuple[int, ...]:
    """Refuse a generation that is not whole: (golden questions found by the active one, and by this one).

    Raises Conflict, saying what is wrong.
    """
    found = check_stores(services.at(generation))
    if not found.is_whole:
        wrong = [f"{finding.what}: {finding.rows}" for finding in found.findings]
        wrong += [f"graph: {found.graph.summary()}"] if found.graph else []
        raise Conflict(
            f"Generation {generation} is not whole: {'; '.join(wrong)}.",
            hint=f"`kgqa generation drop {generation}`, then build it again; please report it.",
        )
    console.print("ok   record and graph of the generation are whole")
    if not golden:
        return ()
    before, now = count_found(services, golden), count_found(services.at(generation), golden)
    console.print(f"ok   golden questions: {now} of {len(golden)}, before {before}")
    if now < before:
        raise Conflict(
            f"Generation {generation} finds the documents of {now} golden questions, the active one of {before}.",
            hint=f"`kgqa generation activate {generation}` without --golden makes it active all the same.",
        )
    return (before, now)


def count_found(services: Services, golden: Sequence[GoldenQuestion]) -> int:
    """Golden questions with one of their documents among the first `GOLDEN_DEPTH`."""
    found = 0
    for question in golden:
        view = services.index.view(services.policy.caller(question.principal), question.collection)
        reading = services.ask_services(question.collection).reading(view)
        order = rank(question.question, view, reading, AskOptions()).order
        keys: dict[str, None] = {}
        by_chunk = services.index.document_keys(view, order)
        for chunk in order:
            keys |= dict.fromkeys(by_chunk.get(chunk, ()))
        found += not question.documents.isdisjoint(list(keys)[:GOLDEN_DEPTH])
    return found


def make_active(
    services: Services, endpoints: Endpoints, generation: int, golden: Sequence[GoldenQuestion], console: Console
) -> Flip:
    """Bring up, check and flip; changes wait while the last few of them are brought over."""
    read = bring_up(services, endpoints, generation, console)
    with index_bars(console) as watcher:
        indexes = ensure_vector_indexes(endpoints.postgres_owner_url, watcher=watcher)
    found = check(services, generation, golden, console)
    _add(read, bring_up(services, endpoints, generation, console))  # what changed during the check: nobody waits yet
    with flipping(endpoints.postgres_owner_url, generation) as flip:
        _add(read, bring_up_here(services, generation))
        previous = flip()
    return Flip(generation=generation, previous=previous, documents=read, golden=found, indexes=tuple(indexes))


def _add(read: dict[str, int], more: Mapping[str, int]) -> None:
    for collection, number in more.items():
        read[collection] = read.get(collection, 0) + number
