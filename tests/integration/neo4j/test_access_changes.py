"""A change of access holds before the graph knows of it: who lost it sees nothing, who gained it sees the document."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.ask.pipeline import AskServices, answer
from kgqa.errors import NotFound
from kgqa.model.answer import Answer, Caller
from kgqa.model.delta import DocumentDelta, IngestDelta
from tests.integration.postgres.conftest import COLLECTION, DIMENSIONS, make_delta, vector
from tests.unit.ask.doubles import FixedClock, NoNames

QUESTION = "Who makes the Seal Kit that Northline Castings uses?"
SECRET = "Kestrel Seals makes Seal Kit in Zaandam for Marlow Brothers."
PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))


class Vectors:
    model = "words"
    dimensions = DIMENSIONS

    def embed(self, texts, kind: str) -> np.ndarray:
        return np.stack([vector(text) for text in texts])


@pytest.fixture
def ask(graph, pools) -> Callable[[Caller], Answer]:
    services = AskServices(
        index=PostgresSearchIndex(pools.app), graph=graph, embedder=Vectors(), extractor=NoNames(), clock=FixedClock()
    )
    return lambda caller: answer(QUESTION, caller, COLLECTION, services)


def put(store: PostgresDocumentStore, *deltas: DocumentDelta) -> None:
    store.apply_delta(IngestDelta(collection=COLLECTION, upserts=deltas))


def says(found: Answer) -> bool:
    """Whether anything of the document is in what a caller gets: answer, citations, evidence, labels of the graph."""
    return any(word in repr(found) for word in ("Zaandam", "zaandam", "Marlow", "marlow", "secret"))


def test_access_is_lost_and_gained_with_the_transaction_not_with_the_projection(graph, pools, generation, ask) -> None:
    store = PostgresDocumentStore(pools.pipeline)
    others = make_delta("castings", "Northline Castings uses a Seal Kit. The Seal Kit is blue.")
    put(store, make_delta("secret", SECRET), others)
    while graph.project():
        pass
    assert says(ask(PUBLIC))

    put(store, make_delta("secret", SECRET, principals=("user:ivy",)))
    view = PostgresSearchIndex(pools.app).view(PUBLIC, COLLECTION)
    hits = PostgresSearchIndex(pools.app).names(view, ["seal kit"])
    reached = graph.expand(view, chunk_ids=[], name_ids=[hit.name_id for hit in hits], hub_chunks=50)
    assert len(set(reached.chunk_ids.tolist())) == 2, "the graph must still have it under the old class"
    assert not says(ask(PUBLIC))
    assert says(ask(IVY)), "who keeps access keeps it meanwhile"
    while graph.project():
        pass
    assert not says(ask(PUBLIC))

    put(store, make_delta("secret", SECRET))
    assert says(ask(PUBLIC)), "who gains access does not wait for the projection"


def test_a_deleted_document_is_hidden_before_the_graph_knows(graph, pools, generation, ask) -> None:
    store = PostgresDocumentStore(pools.pipeline)
    put(store, make_delta("secret", SECRET))
    while graph.project():
        pass
    assert says(ask(PUBLIC))
    store.apply_delta(IngestDelta(collection=COLLECTION, deletions=("secret",)))
    with pytest.raises(NotFound):
        ask(PUBLIC)
    put(store, make_delta("castings", "Northline Castings uses a Seal Kit."))
    assert not says(ask(PUBLIC))
