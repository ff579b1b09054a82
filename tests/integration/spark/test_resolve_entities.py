"""Resolution in Spark against the in-memory functions, which are its oracle."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from pyspark.sql import SparkSession

from kgqa.errors import ConfigurationError
from kgqa.ingest.resolve import candidate_links, components, partition
from kgqa.model.entity import Alias, AliasLink
from spark import schemas
from spark.jobs import resolve_entities

STEMS = ("Northline", "Kestrel", "Halvorsen", "Brightwater", "Meridian", "Castellan")
TAILS = ("", " GmbH", " Ltd", " Seals", " Castings", " Ruiz")


def aliases(seed: int, size: int) -> list[Alias]:
    draw = random.Random(seed)
    found: dict[tuple[str, str], Alias] = {}
    for _ in range(size):
        stem = draw.choice(STEMS)
        if draw.random() < 0.3:
            place = draw.randrange(2, len(stem) - 1)
            stem = stem[:place] + stem[place + 1 :]
        surface = stem + draw.choice(TAILS)
        kind = draw.choice(("ORG", "ORG", "PERSON", ""))
        alias = Alias(id=draw.getrandbits(62), norm=surface.casefold(), surface=surface, type=kind)
        found[alias.norm, alias.type] = alias
    return list(found.values())


def stated(among: list[Alias], seed: int, size: int) -> list[AliasLink]:
    draw = random.Random(seed)
    pairs = [draw.sample(among, 2) for _ in range(size)]
    return [
        AliasLink(left=min(a.id, b.id), right=max(a.id, b.id), score=1.0, reason="stated", acl_class=draw.randint(1, 3))
        for a, b in pairs
    ]


def link_frame(session: SparkSession, pairs: list[tuple[int, int]]):
    return session.createDataFrame([(min(p), max(p), 1.0, "spelling", None) for p in pairs], schemas.LINK)


@pytest.mark.parametrize(("seed", "vertices", "edges"), [(1, 60, 30), (2, 300, 180), (3, 900, 700)])
def test_components_of_graphframes_equal_those_of_scipy(session: SparkSession, seed, vertices, edges) -> None:
    draw = random.Random(seed)
    ids = [draw.getrandbits(62) for _ in range(vertices)]
    chain = list(pairwise(ids[:20]))
    pairs = chain + [tuple(draw.sample(ids, 2)) for _ in range(edges)]
    found = resolve_entities.connected_components(link_frame(session, pairs))
    assert found.schema == schemas.COMPONENT
    rows = {row["id"]: row["component"] for row in found.collect()}
    linked = {node for pair in pairs for node in pair}
    links = [AliasLink(left=min(p), right=max(p), score=1.0, reason="spelling") for p in pairs]
    oracle = components(linked, links)
    assert grouped(rows) == grouped({node: oracle[node] for node in linked})
    assert session.conf.get(resolve_entities.ADAPTIVE) == "true", "for the jobs after it"
    assert all(component == min(i for i in rows if rows[i] == component) for component in set(rows.values()))


def test_a_wrong_partition_is_refused(session: SparkSession) -> None:
    links = link_frame(session, [(1, 2), (2, 3)])
    wrong = session.createDataFrame([(1, 1), (2, 1), (3, 3)], schemas.COMPONENT)
    with pytest.raises(ConfigurationError, match="1 links"):
        resolve_entities.check_components(links, wrong)
    resolve_entities.check_components(links, session.createDataFrame([(i, 1) for i in (1, 2, 3)], schemas.COMPONENT))


def test_resolution_equals_the_one_in_memory(session: SparkSession) -> None:
    given = aliases(7, 120)
    said = stated(given, 8, 10)
    found = resolve_entities.run(session, given, said)
    scored = candidate_links(given)
    expected = sorted([*scored, *said], key=lambda link: (link.left, link.right, link.reason))
    assert [(x.left, x.right, x.reason, x.acl_class) for x in found.links] == [
        (x.left, x.right, x.reason, x.acl_class) for x in expected
    ]
    assert grouped(found.component_of) == grouped(components([a.id for a in given], expected))
    assert list(found.clusters) == partition(given, expected)
    assert len(found.clusters) < len(given)


def test_aliases_without_links_are_entities_of_their_own(session: SparkSession) -> None:
    given = [Alias(id=i, norm=f"thing {i}", surface=f"Thing {i}", type="PRODUCT") for i in (5, 6)]
    found = resolve_entities.run(session, given, [])
    assert found.clusters == (frozenset({5}), frozenset({6}))
    assert found.component_of == {5: 5, 6: 6}


def grouped(component_of) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for node, component in component_of.items():
        groups.setdefault(component, set()).add(node)
    return set(map(frozenset, groups.values()))
