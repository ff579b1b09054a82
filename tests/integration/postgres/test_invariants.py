"""What must hold for every lake: deleting equals never having had, hidden documents do not exist, order is nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from kgqa.adapters.postgres.content import Content, differences, record_content
from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.model.answer import Caller, View

PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("group:sales", "public", "user:ivy"))

WORDS = ("Kestrel Seals", "Northline Castings", "Pump", "Seal Kit", "Elena Ruiz", "Ruiz", "Acme", "Valve", "Overview")
VERBS = ("makes", "replaces", "inspects", "likes")
TYPES = {"Elena Ruiz": "PERSON", "Ruiz": "PERSON", "Pump": "PRODUCT"}


def content(pools) -> Content:
    with pools.pipeline.connection() as connection:
        return record_content(connection)


def random_documents(seed: int, make, count: int) -> list[Any]:
    """Documents that share names, headings and texts, of several classes and languages."""
    chooser = random.Random(seed)
    documents = []
    for i in range(count):
        if documents and chooser.random() < 0.15:
            text = documents[chooser.randrange(len(documents))].document.text
            text = text if chooser.random() < 0.5 else text.replace(".", "!")
        else:
            sentences = [
                f"{chooser.choice(WORDS)} {chooser.choice(VERBS)} {chooser.choice(WORDS)} in {chooser.randrange(5)}."
                for _ in range(chooser.randrange(1, 4))
            ]
            if chooser.random() < 0.3:
                sentences.append("Northline Castings (NLC) is old.")
            text = "\n\n".join(sentences)
        documents.append(
            make(
                f"document-{i}", text, title=chooser.choice((f"Note {i}", "Pump", "Acme report", f"Ruiz {i}")),
                principals=chooser.choice((("public",), ("public",), ("group:sales",), ("group:sales", "user:bob"))),
                headings=chooser.choice(((), ("Overview",), ("Valve",))),
                types={name: TYPES.get(name, chooser.choice(("ORG", "PRODUCT"))) for name in WORDS},
                language=chooser.choice(("en", "en", "es")),
                dictionary={"Pump": "Acme report", "Valve": "Kestrel Seals"} if chooser.random() < 0.5 else {},
            )
        )  # fmt: skip
    return documents


@pytest.mark.parametrize("seed", range(4))
def test_deleting_equals_never_having_ingested(pools, lake, delta, seed: int, other_lake) -> None:
    documents = random_documents(seed, delta, 14)
    chooser = random.Random(seed)
    gone = chooser.sample(documents, 6)
    for part in (documents[:5], documents[5:6], documents[6:]):
        lake.put(*part)
    for document in gone:
        lake.delete(document.key)
    other_lake.put(*(d for d in documents if d not in gone))
    expected, found = content(other_lake.pools), content(pools)
    assert differences(expected, found) == []


@pytest.mark.parametrize("seed", range(4))
def test_changed_documents_leave_nothing_of_what_they_were(pools, lake, delta, seed: int, other_lake) -> None:
    before, after = random_documents(seed, delta, 10), random_documents(seed + 100, delta, 10)
    lake.put(*before)
    lake.put(*after[:4])
    lake.put(*after[4:])
    other_lake.put(*after)
    expected, found = content(other_lake.pools), content(pools)
    assert differences(expected, found) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("caller", [PUBLIC, IVY])
def test_hidden_documents_do_not_exist(pools, lake, delta, embed, seed: int, caller: Caller, other_lake) -> None:
    documents = random_documents(seed, delta, 14)
    lake.put(*documents)
    other_lake.put(*(d for d in documents if set(d.principals) & set(caller.principals)))
    expected, found = seen(other_lake.pools, caller, embed), seen(pools, caller, embed)
    for what in expected:
        assert found[what] == expected[what], what


def seen(pools, caller: Caller, embed) -> dict[str, Any]:
    """Everything that a caller can read of the lake, class ids and view aside."""
    index, library = PostgresSearchIndex(pools.app), PostgresLibrary(pools.app)
    view: View = index.view(caller, "lake")
    found = index.candidates(view, vector=embed("pump of acme"), text="Which Pump does Acme replace?", depth=50)
    chunks: Sequence[int] = [c.chunk_id for c in found]
    entities = library.entities(view, text=None, first=100, after=None)
    return {
        "scores": found,
        "evidence": index.evidence(view, chunks),
        "mentions": index.mentions(view, chunks),
        "names": index.names(view, [w.lower() for w in WORDS]),
        "longest": index.longest_name_tokens(view),
        "keys": index.document_keys(view, chunks),
        "entities": entities,
        "around": [library.neighbourhood(view, e.id, limit=3) for e in entities.items],
        "documents": library.documents(view, first=100, after=None),
        "collections": [(c.name, c.documents, c.chunks) for c in library.collections(caller)],
    }
