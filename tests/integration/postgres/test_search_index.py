"""Search on the real server, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.errors import NotFound
from kgqa.model.answer import Caller

PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))


@pytest.fixture
def index(pools) -> PostgresSearchIndex:
    return PostgresSearchIndex(pools.app)


def test_search_gives_scores_and_evidence(lake, delta, index, pools, embed) -> None:
    lake.put(
        delta("a", "Kestrel Seals makes Seal Kit. It is a good kit."),
        delta("b", "The Seal Kit fits pumps of Northline Castings (NLC).", principals=("user:ivy",)),
    )
    assert index.view(PUBLIC, "lake").classes != index.view(IVY, "lake").classes
    view = index.view(IVY, "lake")
    found = index.candidates(view, vector=embed("who makes the seal kit"), text="Who makes the Seal Kit?", depth=200)
    assert len(found) == 2
    evidence = index.evidence(view, [c.chunk_id for c in found])
    assert {e.document_key for e in evidence} == {"a", "b"}
    assert [h.norm for h in index.names(view, ["seal kit", "nlc", "nobody"])] == ["nlc", "seal kit"]
    assert [h.norm for h in index.names(index.view(PUBLIC, "lake"), ["seal kit", "nlc"])] == ["seal kit"]
    assert index.longest_name_tokens(view) == 2
    assert index.mentions(view, [c.chunk_id for c in found])
    with pytest.raises(NotFound):
        index.view(PUBLIC, "elsewhere")
    library = PostgresLibrary(pools.app)
    page = library.entities(view, text=None, first=10, after=None)
    assert [e.name for e in page.items] == ["Kestrel Seals", "Northline Castings", "Seal Kit"]
    assert [e.name for e in library.neighbourhood(view, page.items[0].id, limit=5).entities] == [
        "Kestrel Seals",
        "Seal Kit",
    ]
