"""Staging and publishing on the real server."""

from __future__ import annotations

COLLECTION = "lake"


def rows(pools, query: str):
    with pools.pipeline.connection() as connection:
        return connection.execute(query).fetchall()


def test_published_documents_have_live_rows_and_mentions(pools, lake, delta) -> None:
    report = lake.put(
        delta("a", "Kestrel Seals makes Seal Kit. It is a good kit."),
        delta("b", "The Seal Kit fits pumps of Northline Castings (NLC)."),
    )
    assert (report.indexed, report.failed, report.chunks_added) == (2, 0, 2)
    assert rows(pools, "select count(*) from chunk_index where live") == [(2,)]
    found = rows(
        pools,
        "select d.key, n.norm from mention m join name n on n.id = m.name_id "
        "join document d on d.id = m.document_id where not is_title order by 1, 2",
    )
    assert found == [
        ("a", "kestrel seals"),
        ("a", "seal kit"),
        ("b", "nlc"),
        ("b", "northline castings"),
        ("b", "seal kit"),
    ]
    relation = rows(
        pools,
        "select s.norm, r.predicate, o.norm from relation r "
        "join alias s on s.entity_id = r.subject_entity join alias o on o.entity_id = r.object_entity",
    )
    assert ("kestrel seals", "make", "seal kit") in relation
    stated = rows(
        pools,
        "select l.entity_id = r.entity_id from resolution_decision d join alias l on l.id = left_alias "
        "join alias r on r.id = right_alias where reason = 'stated'",
    )
    assert stated == [(True,)]
