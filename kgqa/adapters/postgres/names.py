"""The gazetteer in the record: counting supports, and which names read differently after a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.stage import insert
from kgqa.adapters.postgres.statements import load
from kgqa.ingest.annotate import first_token, may_contain, title_norms
from kgqa.text.gazetteer import Gazetteer, GazetteerEntry
from kgqa.text.names import joined, tokens

#: above this many changed names every document is read again: cheaper than looking for each
MANY_NAMES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which part of the record a change is about."""

    collection_id: int
    collection: str
    generation: int

    @property
    def parameters(self) -> dict[str, object]:
        """For named statements."""
        return {"collection": self.collection_id, "generation": self.generation}


def count_names(connection: Connection, scope: Scope) -> bool:
    """Bring names and their senses up to date with `version_change`; whether any entry reads differently now.

    Fills `changed_name` (reader class, name) for `affected_documents`.
    """
    sql = load("names")
    parameters = scope.parameters
    connection.execute(sql["count_changes"], parameters)
    connection.execute(sql["index_changes"])
    connection.execute(sql["remember_entries"], parameters)
    connection.execute(sql["remember_norms"], parameters)
    connection.execute(sql["add_senses"], parameters)
    connection.execute(sql["drop_senses"], parameters)
    connection.execute(sql["drop_names"], parameters)
    new = connection.execute(sql["new_names"], parameters).fetchall()
    rows = ((scope.generation, i, scope.collection_id, norm, len(tokens(norm)), first_token(norm)) for i, norm in new)
    insert(connection, "names", "name", "int4 int8 int4 text int4 text", rows)
    return connection.execute(sql["find_changed"], parameters).rowcount > 0


def affected_documents(connection: Connection, scope: Scope) -> list[int]:
    """Live documents, outside the change, that hold or stand under a name that reads differently now."""
    sql = load("names")
    changed: dict[int, list[str]] = {}
    for reader, norm in connection.execute(sql["changed"]):
        changed.setdefault(reader, []).append(norm)
    if not changed:
        return []
    chunks = _candidates(connection, scope, changed)
    matchers = {reader: Gazetteer.of_norms(norms) for reader, norms in changed.items()}
    found = {row[0] for row in connection.execute(sql["stating"], scope.parameters)}
    for document, reader, text, headings, row_key, title in connection.execute(
        sql["chunk_texts"], {**scope.parameters, "chunks": chunks}
    ):
        if document in found or (matcher := matchers.get(reader)) is None:
            continue
        if matcher.find(text, cased=False) or title_norms(title, headings, row_key, matcher):
            found.add(document)
    return sorted(found)


def _candidates(connection: Connection, scope: Scope, changed: Mapping[int, Sequence[str]]) -> list[int]:
    """Chunks that hold all terms of a changed name (they may still not hold the name)."""
    sql = load("names")
    classes: list[int] = []
    languages: list[str] = []
    terms: list[str] = []
    unbounded = {reader for reader, norms in changed.items() if len(norms) > MANY_NAMES}
    for reader, language, _ in connection.execute(sql["languages"], scope.parameters).fetchall():
        for norm in changed.get(reader, ()) if reader not in unbounded else ():
            needed = may_contain(norm, language)
            if not needed:
                unbounded.add(reader)
                break
            classes.append(reader)
            languages.append(language)
            terms.append("{" + ",".join(map(str, needed)) + "}")
    bound = {**scope.parameters, "classes": classes, "languages": languages, "terms": terms}
    rows = connection.execute(sql["candidate_chunks"], bound).fetchall()
    if unbounded:
        rows += connection.execute(
            sql["chunks_of_classes"], {**scope.parameters, "classes": sorted(unbounded)}
        ).fetchall()
    return sorted({row[0] for row in rows})


def load_gazetteer(connection: Connection, scope: Scope, reader: int, texts: Sequence[str] | None = None) -> Gazetteer:
    """What the readers of one class may know: all of it, or only names that can occur in these texts."""
    sql = load("names")
    parameters: dict[str, object] = {**scope.parameters, "reader": reader}
    statement = "gazetteer"
    if texts is not None:
        words = [tokens(text) for text in texts]
        statement = "gazetteer_of_text"
        parameters["tokens"] = sorted({word.norm for text in words for word in text})
        parameters["folded"] = "\n".join(joined(text) for text in words)
    return Gazetteer(entries(connection.execute(sql[statement], parameters)))


def entries(rows: Iterable[tuple[str, str, int, int]]) -> list[GazetteerEntry]:
    """Gazetteer entries of (norm, type, documents, heading documents); the sense that others mean is unsigned."""
    return [
        GazetteerEntry(norm=norm, senses=((type_, ""),), documents=documents, heading_documents=headings)
        for norm, type_, documents, headings in rows
    ]
