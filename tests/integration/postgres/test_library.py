"""Documents and entities as callers see them."""

from __future__ import annotations

import pytest

from kgqa.adapters.postgres.library import PostgresLibrary
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.errors import InvalidInput
from kgqa.model.answer import Caller
from kgqa.model.identity import document_id

PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))


@pytest.fixture
def library(pools) -> PostgresLibrary:
    return PostgresLibrary(pools.app)


@pytest.fixture
def view(pools):
    return lambda caller: PostgresSearchIndex(pools.app).view(caller, "lake")


def test_pages_of_entities_join_to_the_whole_list(lake, delta, library, view) -> None:
    lake.put(delta("a", "Kestrel Seals makes Seal Kit. Acme likes Valve Works. Zebra Motors sleeps."))
    seen = view(PUBLIC)
    whole = library.entities(seen, text=None, first=100, after=None)
    pages, after = [], None
    while True:
        page = library.entities(seen, text=None, first=2, after=after)
        assert page.total == whole.total
        pages += page.items
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert tuple(pages) == whole.items
    assert [e.name for e in library.entities(seen, text="Seal", first=9, after=None).items] == [
        "Kestrel Seals",
        "Seal Kit",
    ]


def test_pages_of_documents_are_in_the_order_of_keys(lake, delta, library, view) -> None:
    lake.put(*(delta(key, f"Text of {key}.") for key in ("b", "a", "C")), delta("d", "No.", principals=("user:ivy",)))
    first = library.documents(view(PUBLIC), first=2, after=None)
    assert ([d.key for d in first.items], first.has_next, first.total) == (["C", "a"], True, 3)
    rest = library.documents(view(PUBLIC), first=2, after=first.cursors[-1])
    assert ([d.key for d in rest.items], rest.has_next) == (["b"], False)
    with pytest.raises(InvalidInput):
        library.documents(view(PUBLIC), first=2, after="nonsense")


def test_a_hidden_document_looks_like_none(lake, delta, library) -> None:
    lake.put(delta("a", "Text."), delta("b", "Secret.", principals=("user:ivy",)))
    hidden = document_id("lake", "b")
    assert library.document(PUBLIC, hidden) is None
    assert library.document(PUBLIC, 17) is None
    found = library.document(IVY, hidden)
    assert found is not None
    assert (found.text, found.title, found.outcome) == ("Secret.", "b", "indexed")
    assert [(c.documents, c.chunks) for c in library.collections(PUBLIC)] == [(1, 1)]
    assert library.collections(Caller(subject="x", principals=("group:none",))) == []


def test_an_equivalence_joins_names_only_for_those_who_read_it(lake, delta, library, view) -> None:
    lake.put(
        delta("a", "NLC delivers late. Northline Castings is quick."),
        delta("b", "Northline Castings (NLC) is a caster.", principals=("user:ivy",)),
    )
    named = {c.subject: library.entities(view(c), text="NLC", first=9, after=None).items for c in (PUBLIC, IVY)}
    assert [e.aliases for e in named["public"]] == [("NLC",)]
    assert [e.aliases for e in named["user:ivy"]] == [("NLC", "Northline Castings")]


def test_an_entity_answers_to_the_ids_of_its_aliases(lake, delta, library, view, pools) -> None:
    lake.put(delta("b", "Northline Castings (NLC) is a caster."))
    with pools.pipeline.connection() as connection:
        ids = [row[0] for row in connection.execute("select id from alias where norm in ('nlc', 'northline castings')")]
    found = {library.entity(view(PUBLIC), i) for i in ids}
    assert len(found) == 1
    assert library.entity(view(PUBLIC), 12345) is None


def test_a_merged_entity_is_found_by_its_former_id(lake, delta, library, view) -> None:
    lake.put(delta("a", "NLC delivers late. Northline Castings is quick."))
    before = {e.name: e.id for e in library.entities(view(PUBLIC), text=None, first=9, after=None).items}
    lake.put(delta("b", "Northline Castings (NLC) is a caster."))
    after = [library.entity(view(PUBLIC), before[name]) for name in ("NLC", "Northline Castings")]
    assert after[0] is not None
    assert after[0] == after[1]
    assert after[0].id in before.values()


def test_neighbours_come_by_shared_chunks_and_claims(lake, delta, library, view) -> None:
    lake.put(
        delta("a", "Kestrel Seals makes Seal Kit."),
        delta("b", "Kestrel Seals likes Acme."),
        delta("c", "Kestrel Seals makes Valve Works.", principals=("user:ivy",)),
    )
    seen = view(PUBLIC)
    centre = library.entities(seen, text="Kestrel", first=1, after=None).items[0]
    around = library.neighbourhood(seen, centre.id, limit=5)
    assert [e.name for e in around.entities] == ["Kestrel Seals", "Seal Kit", "Acme"]
    assert [(r.subject, r.predicate) for r in around.relations] == [(centre.id, "make")]
    assert library.neighbourhood(seen, centre.id, limit=1).truncated
    assert library.neighbourhood(seen, 12345, limit=1).entities == ()
