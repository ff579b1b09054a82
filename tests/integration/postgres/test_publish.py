"""Staging and publishing on the real server."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import Conflict, InvalidInput, NotFound
from kgqa.ingest.resolve import candidate_links, partition
from kgqa.model.delta import OptionsHashes

COLLECTION = "lake"


def rows(pools, query: str):
    with pools.pipeline.connection() as connection:
        return connection.execute(query).fetchall()


def mentions(pools):
    return rows(
        pools,
        "select d.key, n.norm from mention m join name n on n.id = m.name_id join document d on d.id = m.document_id "
        "where not is_title order by 1, 2",
    )


def test_published_documents_have_mentions_relations_and_stated_links(pools, lake, delta) -> None:
    report = lake.put(
        delta("a", "Kestrel Seals makes Seal Kit. It is a good kit."),
        delta("b", "The Seal Kit fits pumps of Northline Castings (NLC)."),
    )
    assert (report.indexed, report.failed, report.chunks_added) == (2, 0, 2)
    assert mentions(pools) == [
        ("a", "kestrel seals"), ("a", "seal kit"), ("b", "nlc"), ("b", "northline castings"), ("b", "seal kit"),
    ]  # fmt: skip
    related = rows(
        pools,
        "select s.norm, r.predicate, o.norm from relation r join alias s on s.entity_id = r.subject_entity "
        "join alias o on o.entity_id = r.object_entity",
    )
    assert related == [("kestrel seals", "make", "seal kit")]
    stated = rows(
        pools,
        "select l.entity_id = r.entity_id from resolution_decision d join alias l on l.id = left_alias "
        "join alias r on r.id = right_alias where reason = 'stated'",
    )
    assert stated == [(True,)]


def test_staged_documents_are_not_read_before_they_are_published(pools, store, lake, delta) -> None:
    lake.put(delta("a", "Kestrel Seals is here."))
    run = store.start_run(COLLECTION, {})
    store.stage(run, [delta("a", "Acme is here."), delta("b", "Acme is there.")])
    assert mentions(pools) == [("a", "kestrel seals")]
    assert rows(pools, "select count(*) from chunk_index where live") == [(1,)]
    assert rows(pools, "select norm from name") == [("kestrel seals",)]


def test_publishing_twice_gives_the_first_report_and_changes_nothing(pools, store, delta) -> None:
    run = store.start_run(COLLECTION, {})
    store.stage(run, [delta("a", "Kestrel Seals is here.")])
    first = store.publish(run)
    before = rows(pools, "select count(*), max(seq) from dirty_key")
    assert store.publish(run) == first
    assert first.indexed == 1
    assert rows(pools, "select count(*), max(seq) from dirty_key") == before
    with pytest.raises(Conflict):
        store.stage(run, [delta("b", "More.")])
    with pytest.raises(NotFound):
        store.publish(run + 100)


def test_a_run_that_was_cut_off_is_resumed_without_doubling(pools, store, delta) -> None:
    run = store.start_run(COLLECTION, {"chunk": 1})
    documents = [delta("a", "Kestrel Seals is here.", title="A"), delta("b", "Acme is there.", title="B")]
    store.stage(run, documents[:1])
    again = store.start_run(COLLECTION, {"chunk": 1})
    assert again == run
    assert store.start_run(COLLECTION, {"chunk": 2}) != run
    hashes = {d.key: d.content_hash for d in documents}
    options = OptionsHashes(usual=b"options", named_by_file=b"by file")
    assert store.unchanged(run, hashes, options) == {"a"}
    assert store.unchanged(run, hashes, replace(options, usual=b"other options")) == frozenset()
    store.stage(run, documents)
    store.publish(run)
    assert rows(pools, "select count(*) from chunk_index") == [(2,)]
    after = store.start_run(COLLECTION, {"chunk": 1})
    assert store.unchanged(after, hashes, options) == {"a", "b"}


def test_a_rule_for_documents_named_by_their_file_leaves_others_unchanged(pools, store, delta) -> None:
    run = store.start_run(COLLECTION, {})
    named = delta("notes/first-day.txt", "Kestrel Seals is here.", title="first day")
    titled = delta("notes/second-day.txt", "Acme is there.", title="The second day")
    store.stage(run, [named, titled])
    hashes = {d.key: d.content_hash for d in (named, titled)}
    before = OptionsHashes(usual=b"options", named_by_file=b"options")
    assert store.unchanged(run, hashes, before) == {named.key, titled.key}
    assert store.unchanged(run, hashes, replace(before, named_by_file=b"a new rule")) == {titled.key}


def test_a_document_that_changes_during_the_run_is_staged_again(pools, store, delta) -> None:
    run = store.start_run(COLLECTION, {})
    store.stage(run, [delta("a", "Kestrel Seals is here.")])
    store.stage(run, [delta("a", "Acme is here.")])
    store.publish(run)
    assert mentions(pools) == [("a", "acme")]


def test_two_stagers_write_the_same_documents_once(pools, store, delta) -> None:
    run = store.start_run(COLLECTION, {})
    documents = [delta(f"d{i}", f"Kestrel Seals makes Part {i}. Acme likes Kit {i}.") for i in range(40)]
    problems: list[BaseException] = []

    def stage(order) -> None:
        try:
            other = PostgresDocumentStore(pools.pipeline)
            for i in range(0, 40, 8):
                other.stage(run, order[i : i + 8])
        except BaseException as problem:  # noqa: BLE001 - shown by the assertion
            problems.append(problem)

    threads = [threading.Thread(target=stage, args=(order,)) for order in (documents, documents[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert store.publish(run).indexed == 40
    assert rows(pools, "select count(*), count(distinct chunk_id) from chunk_index where live") == [(40, 40)]


def test_a_name_of_one_document_annotates_others_and_leaves_with_it(pools, lake, delta) -> None:
    lake.put(delta("a", "we saw 42 jump street today."), delta("b", "we saw 43 jump street."))
    assert mentions(pools) == []
    assert lake.put(delta("film", "a film of note", title="42 jump street")).chunks_reannotated == 1
    assert mentions(pools) == [("a", "42 jump street")]
    assert lake.put(delta("book", "a book of note", title="42 jump street")).chunks_reannotated == 0
    assert lake.delete("film").chunks_reannotated == 0
    assert mentions(pools) == [("a", "42 jump street")]
    assert lake.delete("book").chunks_reannotated == 1
    assert mentions(pools) == []
    assert rows(pools, "select count(*) from name where norm = '42 jump street'") == [(0,)]


def test_names_annotate_only_what_their_readers_may_read(pools, lake, delta) -> None:
    both = ("group:sales", "user:ivy")
    lake.put(
        delta("public", "we saw 42 jump street today"),
        delta("ivy", "we saw 42 jump street twice", principals=("user:ivy",)),
        delta("both", "we saw 42 jump street often", principals=both),
        delta("film", "a film of note", title="42 jump street", principals=both),
    )
    assert mentions(pools) == [("both", "42 jump street"), ("ivy", "42 jump street")]
    lake.put(delta("film", "a film of note", title="42 jump street", principals=("user:ivy",)))
    assert mentions(pools) == [("ivy", "42 jump street")]
    lake.put(delta("film", "a film of note", title="42 jump street"))
    assert [key for key, _ in mentions(pools)] == ["both", "ivy", "public"]


def test_a_name_that_only_a_title_holds_reads_as_all_names_do(pools, lake, other_lake, delta) -> None:
    untitled = delta("kit", "It lasts for years.", title="Seal Kit")
    kit = replace(untitled, chunks=tuple(replace(c, heading_path=()) for c in untitled.chunks))
    row = replace(kit, chunks=tuple(replace(c, row_key="Acme") for c in kit.chunks))
    for document, typed in ((kit, "The Seal Kit is here."), (row, "The Seal Kit of Acme is here.")):
        lake.put(document)
        lake.put(delta("typed", typed))
        other_lake.put(document, delta("typed", typed))
        query = (
            "select chunk_id, norm, type from mention m join alias a on a.id = alias_id where is_title order by 1, 2"
        )
        assert rows(pools, query) == rows(other_lake.pools, query)
        assert ("seal kit", "ORG") in [row[1:] for row in rows(pools, query)]
        lake.delete("typed")
        other_lake.delete("typed")


def test_a_dictionary_joins_an_alias_with_a_name_that_another_document_holds(pools, lake, other_lake, delta) -> None:
    alias = delta("alias", "The P350 is here.", dictionary={"P350": "AquaFlow Pump"})
    name = delta("name", "An AquaFlow Pump is there.", principals=("public",))
    hidden = delta("hidden", "An AquaFlow Pump is there.", principals=("user:ivy",))
    query = (
        "select array_agg(norm order by norm) from alias where norm in ('p350', 'aquaflow pump') "
        "group by entity_id order by 1"
    )
    joined, apart, alone = [(["aquaflow pump", "p350"],)], [(["aquaflow pump"],), (["p350"],)], [(["p350"],)]
    lake.put(alias)
    assert rows(pools, query) == alone
    lake.put(hidden)
    assert rows(pools, query) == apart
    lake.put(name)
    assert rows(pools, query) == joined
    other_lake.put(name)
    other_lake.put(alias)
    assert rows(other_lake.pools, query) == joined
    lake.delete("name")
    assert rows(pools, query) == apart
    lake.delete("hidden")
    assert rows(pools, query) == alone
    assert rows(pools, "select count(*) from resolution_decision where reason = 'stated'") == [(0,)]


def test_an_id_that_a_redirect_leads_from_is_no_new_entity(pools, lake, delta) -> None:
    lake.put(delta("a", "Northline Castings is old."), delta("b", "NLC likes Acme."))
    query = "select norm, entity_id from alias where norm in ('nlc', 'northline castings')"
    before = dict(rows(pools, query))
    lake.put(delta("c", "Northline Castings (NLC) is older."))
    merged = dict(rows(pools, query))
    assert len(set(merged.values())) == 1
    redirects = dict(rows(pools, "select old_id, new_id from entity_redirect"))
    assert list(redirects) == [id_ for id_ in before.values() if id_ not in merged.values()]
    lake.delete("c")
    after = dict(rows(pools, query))
    assert len(set(after.values())) == 2
    assert not set(after.values()) & set(redirects)


def test_a_heading_that_repeats_is_no_name(pools, lake, delta) -> None:
    for i in range(3):
        lake.put(delta(f"d{i}", f"text number {i} follows here", headings=("Overview",)))
    query = "select count(*) from mention m join name n on n.id = m.name_id where n.norm = 'overview'"
    assert rows(pools, query) == [(3,)]
    lake.put(delta("d3", "text number 3 follows here", headings=("Overview",)))
    assert rows(pools, query) == [(0,)]
    lake.delete("d0")
    assert rows(pools, query) == [(3,)]


def test_a_class_change_moves_every_row(pools, lake, delta) -> None:
    text = "Kestrel Seals makes Seal Kit. Northline Castings (NLC) replaces Acme."
    lake.put(delta("a", text))
    lake.put(delta("a", text, principals=("user:ivy",)))
    ivy = rows(pools, "select id from acl_class where principals = '{user:ivy}'")[0]
    for table in (
        "document", "document_version", "chunk", "chunk_index", "sentence", "name_support", "name_sense", "mention",
        "equivalence", "claim", "alias_support", "relation_support", "corpus_statistics", "term_statistics",
    ):  # fmt: skip
        assert rows(pools, f"select distinct acl_class from {table}") == [ivy], table  # noqa: S608 - a constant
    assert rows(pools, "select acl_class from resolution_decision where reason = 'stated'") == [ivy]


def test_equal_texts_are_indexed_once_and_the_next_takes_over(pools, lake, delta) -> None:
    copies = [delta(f"copy-{i}", "Kestrel Seals is here.", title="Note") for i in range(3)]
    report = lake.put(*copies)
    assert (report.indexed, report.duplicates) == (1, 2)
    query = (
        "select d.key, v.outcome from current_document d join document_version v on v.id = d.current_version "
        "order by d.id"
    )
    by_id = rows(pools, query)
    assert [outcome for _, outcome in by_id] == ["indexed", "duplicate", "duplicate"]
    lake.delete(by_id[0][0])
    assert rows(pools, query) == [(by_id[1][0], "indexed"), (by_id[2][0], "duplicate")]
    assert mentions(pools) == [(by_id[1][0], "kestrel seals")]
    lake.put(delta("secret", "Kestrel Seals is here.", title="Note", principals=("user:ivy",)))
    assert rows(pools, "select count(*) from chunk_index where live") == [(2,)]


def test_vectors_of_known_texts_are_cached_by_model(store, delta) -> None:
    document = delta("a", "Kestrel Seals is here.\n\nAcme is there.")
    run = store.start_run(COLLECTION, {"embed": "hashing-1"})
    store.stage(run, [document])
    found = store.cached_vectors("hashing-1", [*document.chunk_hashes, *document.sentence_hashes, b"unknown"])
    assert set(found) == {*document.chunk_hashes, *document.sentence_hashes}
    assert (found[document.chunk_hashes[0]] == document.chunk_vectors[0]).all()
    assert store.cached_vectors("other", document.chunk_hashes) == {}
    with pytest.raises(Conflict, match="hashing-1"):
        store.start_run(COLLECTION, {"embed": "other"})


def test_staging_refuses_documents_of_another_collection_and_nobody(store, delta) -> None:
    run = store.start_run(COLLECTION, {})
    with pytest.raises(InvalidInput):
        store.stage(run, [delta("a", "Text.", collection="elsewhere")])
    with pytest.raises(InvalidInput):
        store.stage(run, [delta("a", "Text.", principals=())])


def test_a_partition_from_elsewhere_equals_the_one_in_memory(pools, store, other_lake, delta) -> None:
    documents = [
        delta("a", "Kestrel Seals makes Seal Kit. Northline Castings (NLC) replaces Acme."),
        delta("b", "Kestrel Seals GmbH is old. NLC is older.", types={"Kestrel Seals GmbH": "ORG"}),
        delta("c", "Elena Ruiz likes Acme.", types={"Elena Ruiz": "PERSON"}),
    ]
    other_lake.put(*documents)
    run = store.start_run(COLLECTION, {})
    store.stage(run, documents)
    store.publish(run, resolve=False)
    assert store.count_waiting(COLLECTION)[0] > 0
    aliases = store.aliases(COLLECTION)
    links = [*candidate_links(aliases), *store.links(COLLECTION)]
    with pytest.raises(Conflict):
        store.write_partition(COLLECTION, links, [frozenset([aliases[0].id])])
    store.write_partition(COLLECTION, links, partition(aliases, links))
    assert store.count_waiting(COLLECTION)[0] == 0
    for query in (
        "select id, component_id, entity_id from alias order by 1",
        "select left_alias, right_alias, reason from resolution_decision order by 1, 2, 3",
        "select id, aliases from entity order by 1",
        "select id, subject_entity, predicate, object_entity from relation order by 1",
        "select key, alias_id from alias_key order by 1, 2",
    ):
        assert rows(pools, query) == rows(other_lake.pools, query)


def test_resolving_later_equals_resolving_at_once(pools, store, lake, other_lake, delta) -> None:
    first = [delta("a", "Northline Castings (NLC) is old."), delta("b", "NLC likes Acme.")]
    other_lake.put(*first)
    other_lake.delete("a")
    lake.put(*first)
    run = store.start_run(COLLECTION, {})
    store.stage_deletions(run, ["a", "unknown"])
    assert store.publish(run, resolve=False).deleted == 1
    assert store.count_waiting(COLLECTION)[0] > 0
    store.resolve(COLLECTION)
    assert store.count_waiting(COLLECTION)[0] == 0
    query = "select id, component_id from alias order by 1"
    assert rows(pools, query) == rows(other_lake.pools, query)
