"""Looking for a token in a whole graph: the properties of every node and relationship, and full-text indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from neo4j import Driver
from neo4j.exceptions import Neo4jError

from kgqa.adapters.neo4j.driver import neo4j_errors, statement
from kgqa.model.erasure import Search
from kgqa.text.needle import Needle


def search_graph(driver: Driver, needle: Needle, watch: Callable[[str], None]) -> Search:
    """Streams the default database, all generations; nothing is kept."""
    found: Counter[str] = Counter()
    searched: dict[str, int] = {}
    with neo4j_errors(), driver.session(default_access_mode="READ") as session:
        for kind, name in (("nodes", "scan/nodes"), ("relationships", "scan/relationships")):
            watch(kind)
            searched[kind] = 0
            for row in session.run(statement(name)):
                searched[kind] += 1
                found.update(f"{'/'.join(row['kind'])}.{key}" for key in _holding(row["properties"], needle))
        indexes = [row["name"] for row in session.run(statement("scan/fulltext_indexes"))]
        searched["full-text indexes"] = len(indexes)
        phrase = '"' + needle.token.replace("\\", " ").replace('"', " ") + '"'
        for index in indexes:
            watch(f"index {index}")
            with suppress(Neo4jError):  # of relationships: their properties were read above
                hits = session.run(statement("scan/fulltext_hits"), index=index, phrase=phrase).single(strict=True)[0]
                found[f"index {index}"] += int(hits)
    return Search(store="Neo4j graph", searched=searched, found={k: n for k, n in found.items() if n})


def checkpoint(driver: Driver) -> None:
    """Bring the store up to date with its transaction log."""
    with neo4j_errors(), driver.session() as session:
        session.run(statement("scan/checkpoint")).consume()


def _holding(properties: Mapping[str, object], needle: Needle) -> list[str]:
    """Names of the properties that hold the token, as text or in a list of texts."""
    names: list[str] = []
    for name, value in properties.items():
        texts = value if isinstance(value, list) else [value]
        if needle.is_in(name) or any(isinstance(text, str) and needle.is_in(text) for text in texts):
            names.append(name)
    return names
