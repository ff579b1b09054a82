"""Writing documents early, under an unpublished run. Nothing reads these rows until the run is published.

One call is one transaction, so a version that exists is complete: a repeated call skips it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgvector import HalfVector, SparseVector
from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict, InvalidInput, NotFound
from kgqa.ingest.dedupe import text_hash
from kgqa.model.delta import ChunkTerms, DocumentDelta
from kgqa.model.identity import claim_id, document_id, name_id
from kgqa.text.terms import DIMENSIONS

#: column types of each binary COPY
TYPES = {
    "staged_version": (
        "int8 int8 int4 bytea bytea text text text text text text jsonb text[] text bytea bytea bytea bytea"
    ),
    "staged_chunk": "int8 int4 int8 int4 text",
    "chunk_placement": "int8 int4 int8 text[] text text int4 int4 int4 float8 float8",
    "chunk_translation": "int8 int8 text text text bytea",
    "chunk_index": "int4 int8 int8 int4 int4 text int4[] sparsevec bytea halfvec text int4[] sparsevec",
    "sentence": "int4 int8 int8 int4 int4 int4 int4 int4 bytea halfvec",
    "name_support": "int4 int8 text int8 int8 int8 text text text text int4",
    "equivalence": "int4 int8 int8 int8 int8 int4 int8 int4",
    "claim": "int4 int8 int8 int8 int4 int4 int8 text int8 int4 int8 int4",
}
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that rows may be staged under."""

    id: int
    collection_id: int
    collection: str
    generation: int
    #: of the generation
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One document that is being written, with the ids it has in the record."""

    delta: DocumentDelta
    document_id: int
    acl_class: int
    version_id: int = 0


def open_run(connection: Connection, run: int) -> OpenRun:
    """The run. Raises NotFound, or Conflict when it is published or abandoned."""
    row = connection.execute(load("stage")["run"], {"run": run}).fetchone()
    if row is None:
        raise NotFound(f"There is no ingest run {run}.")
    if row[2] != "open":
        raise Conflict(f"Ingest run {run} is {row[2]}.", hint="start a new run.")
    return OpenRun(id=run, collection_id=row[0], generation=row[1], collection=row[3], state=row[4])


def stage(connection: Connection, run: OpenRun, deltas: Sequence[DocumentDelta]) -> None:
    """Write the documents that this run does not hold yet. Call inside a transaction."""
    if wrong := next((d for d in deltas if d.collection != run.collection), None):
        raise InvalidInput(f"{wrong.key!r} belongs to collection {wrong.collection!r}, not to {run.collection!r}.")
    latest = {delta.key: delta for delta in deltas}
    classes = intern_classes(connection, [d.principals for d in latest.values()])
    staged = [
        Staged(delta=d, document_id=document_id(d.collection, d.key), acl_class=classes[_sorted(d.principals)])
        for d in latest.values()
    ]
    if run.state != "active":
        staged = _as_active(connection, staged)
    _add_documents(connection, run, staged)
    fresh = _add_versions(connection, run, staged)
    if not fresh:
        return
    _add_chunks(connection, run, fresh)
    _add_sealed(connection, run, fresh)
    for table, rows in (
        ("chunk_index", _chunk_index(run, fresh)),
        ("sentence", _sentences(run, fresh)),
    ):
        copy(connection, "stage", f"copy_{table}", TYPES[table], rows)
    for table, rows in (
        ("chunk_placement", _placements(fresh)),
        ("chunk_translation", _translations(fresh)),
        ("name_support", _name_supports(run, fresh)),
        ("equivalence", _equivalences(run, fresh)),
        ("claim", _claims(run, fresh)),
    ):
        insert(connection, "stage", table, TYPES[table], rows)


def _as_active(connection: Connection, staged: Sequence[Staged]) -> list[Staged]:
    """Those that have not changed meanwhile: what the active generation has given up is written nowhere else."""
    parameters = {
        "ids": [s.document_id for s in staged],
        "content": [s.delta.content_hash for s in staged],
        "classes": [s.acl_class for s in staged],
    }
    same = {row[0] for row in connection.execute(load("stage")["as_active"], parameters)}
    return [s for s in staged if s.document_id in same]


def stage_deletions(connection: Connection, run: OpenRun, keys: Sequence[str]) -> None:
    """Mark documents that go when the run is published; what any open run staged of them is dropped."""
    sql = load("stage")
    connection.execute(sql["stage_deletions"], {"run": run.id, "collection": run.collection_id, "keys": list(keys)})
    connection.execute(sql["drop_versions_of_deleted"], {"run": run.id})
    connection.execute(sql["drop_staged_of_deleted"], {"run": run.id})


def replace_deletions(connection: Connection, run: OpenRun, documents: Sequence[int]) -> None:
    """Mark these documents, and no others, as those that go when the run is published."""
    sql = load("stage")
    connection.execute(sql["forget_deletions"], {"run": run.id})
    bound = {"run": run.id, "collection": run.collection_id, "documents": list(documents)}
    connection.execute(sql["stage_deletions_by_id"], bound)
    connection.execute(sql["drop_versions_of_deleted"], {"run": run.id})


def copy(connection: Connection, file: str, statement: str, types: str, rows: Iterable[Row]) -> None:
    """Binary COPY of the rows through a named statement."""
    with connection.cursor() as cursor, cursor.copy(load(file)[statement]) as target:
        target.set_types(types.split())
        for row in rows:
            target.write_row(row)


def insert(connection: Connection, file: str, table: str, types: str, rows: Iterable[Row]) -> None:
    """The same for a table with row-level security, which COPY refuses: through a temporary table."""
    connection.execute(load(file)[f"make_{table}"])
    copy(connection, file, f"copy_{table}", types, rows)
    connection.execute(load(file)[f"add_{table}"])


def intern_classes(connection: Connection, principals: Iterable[Sequence[str]]) -> Mapping[tuple[str, ...], int]:
    """Id of the access class of each list of principals, made if missing."""
    lists = sorted({_sorted(p) for p in principals})
    if not all(lists):
        raise InvalidInput("A document needs at least one principal that may read it.", hint="use `public`.")
    parameters = {"lists": json.dumps(lists)}
    connection.execute(load("stage")["add_classes"], parameters)
    return {tuple(row[0]): int(row[1]) for row in connection.execute(load("stage")["classes"], parameters)}


def _sorted(principals: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(principals)))


def _add_documents(connection: Connection, run: OpenRun, staged: Sequence[Staged]) -> None:
    sql = load("stage")
    parameters = {
        "run": run.id,
        "collection": run.collection_id,
        "ids": [s.document_id for s in staged],
        "keys": [s.delta.key for s in staged],
        "classes": [s.acl_class for s in staged],
        "content": [s.delta.content_hash for s in staged],
        "options": [s.delta.options_hash for s in staged],
    }
    connection.execute(sql["add_documents"], parameters)
    if foreign := connection.execute(sql["foreign_documents"], parameters).fetchone():
        raise Conflict(f"The id of a document is taken by {foreign[0]!r}.", hint="rename one of the two documents.")
    connection.execute(sql["undelete"], parameters)
    connection.execute(sql["drop_other_versions"], parameters)


def _add_versions(connection: Connection, run: OpenRun, staged: Sequence[Staged]) -> list[Staged]:
    """Write the versions; those that are new, with their ids."""
    sql = load("stage")
    connection.execute(sql["make_staged_version"])
    copy(connection, "stage", "copy_staged_version", TYPES["staged_version"], (_version(run, s) for s in staged))
    bound = {"collection": run.collection_id}
    connection.execute(sql["add_raw_content"], bound)
    made: dict[int, int] = {row[0]: row[1] for row in connection.execute(sql["add_versions"], bound)}
    return [
        Staged(delta=s.delta, document_id=s.document_id, acl_class=s.acl_class, version_id=made[s.document_id])
        for s in staged
        if s.document_id in made
    ]


def _version(run: OpenRun, s: Staged) -> Row:
    d, document = s.delta, s.delta.document
    text = document.text if document else ""
    return (
        s.document_id, run.id, s.acl_class, d.content_hash, d.options_hash, d.outcome.value, d.reason, d.uri,
        document.media_type if document else "", document.language if document else "und",
        document.title if document else "", Jsonb(dict(document.metadata) if document else {}), list(d.warnings),
        text, text_hash(text), d.signature, d.listing_hash, d.raw,
    )  # fmt: skip


def _add_chunks(connection: Connection, run: OpenRun, staged: Sequence[Staged]) -> None:
    sql = load("stage")
    connection.execute(sql["make_staged_chunk"])
    rows = (
        (chunk.id, run.collection_id, s.document_id, s.acl_class, chunk.text)
        for s in staged
        for chunk in s.delta.chunks
    )
    copy(connection, "stage", "copy_staged_chunk", TYPES["staged_chunk"], rows)
    connection.execute(sql["add_chunks"])
    if foreign := connection.execute(sql["foreign_chunks"]).fetchone():
        raise Conflict(f"Chunk id {foreign[0]} is taken by another text.")


def _add_sealed(connection: Connection, run: OpenRun, staged: Sequence[Staged]) -> None:
    rows = [(s.version_id, value) for s in staged for value in s.delta.sealed]
    if not rows:
        return
    parameters = {
        "collection": run.collection_id,
        "versions": [version for version, _ in rows],
        "tokens": [value.token for _, value in rows],
        "types": [value.type for _, value in rows],
        "keys": [value.key_id for _, value in rows],
        "ciphertexts": [value.ciphertext for _, value in rows],
    }
    connection.execute(load("stage")["add_sealed"], parameters)


def _placements(staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        for c in s.delta.chunks:
            yield (
                s.version_id, c.ordinal, c.id, list(c.heading_path), c.row_key, c.language, c.page, c.start, c.end,
                *(c.seconds or (None, None)),
            )  # fmt: skip


def _chunk_index(run: OpenRun, staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        d = s.delta
        if not d.chunks:
            continue
        assert d.chunk_vectors is not None
        translations = d.translations or (None,) * len(d.chunks)
        for chunk, terms, digest, vector, translation in zip(
            d.chunks, d.terms, d.chunk_hashes, d.chunk_vectors, translations, strict=True
        ):
            in_pivot = (translation.language, *_weighted(translation.terms)) if translation else (None, None, None)
            yield (
                run.generation, chunk.id, s.version_id, run.collection_id, s.acl_class, chunk.language,
                *_weighted(terms), digest, HalfVector(vector), *in_pivot,
            )  # fmt: skip


def _weighted(terms: ChunkTerms) -> tuple[list[int], SparseVector]:
    ids: list[int] = terms.terms.tolist()
    return ids, SparseVector(dict(zip(ids, terms.weights.tolist(), strict=True)), DIMENSIONS)


def _translations(staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        for c, t in zip(s.delta.chunks, s.delta.translations, strict=False):
            if t is not None:
                yield s.version_id, c.id, t.language, t.engine, t.text, t.text_hash


def _sentences(run: OpenRun, staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        d = s.delta
        if not d.chunks:
            continue
        assert d.sentence_vectors is not None
        places = [(c.id, i, span.start, span.end) for c in d.chunks for i, span in enumerate(c.sentences)]
        for (chunk, ordinal, start, end), digest, vector in zip(
            places, d.sentence_hashes, d.sentence_vectors, strict=True
        ):
            yield (
                run.generation, chunk, s.version_id, ordinal, start, end, run.collection_id, s.acl_class, digest,
                HalfVector(vector),
            )  # fmt: skip


def _name_supports(run: OpenRun, staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        distinct = {(n.norm, n.chunk_id, n.source, n.type, n.signature): n for n in reversed(s.delta.names) if n.norm}
        for n in distinct.values():
            yield (
                run.generation, name_id(run.collection, n.norm), n.norm, s.document_id, s.version_id, n.chunk_id,
                n.source.value, n.type, n.signature, n.surface, s.acl_class,
            )  # fmt: skip


def _equivalences(run: OpenRun, staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        pairs = {(e.chunk_id, *sorted((e.left, e.right))) for e in s.delta.equivalences if e.left != e.right}
        for chunk, left, right in sorted(pairs):
            yield (
                run.generation, s.version_id, chunk, name_id(run.collection, left), name_id(run.collection, right),
                run.collection_id, s.document_id, s.acl_class,
            )  # fmt: skip


def _claims(run: OpenRun, staged: Sequence[Staged]) -> Iterator[Row]:
    for s in staged:
        for identity, claim in {
            claim_id(
                c.chunk_id,
                c.start,
                c.end,
                name_id(run.collection, c.subject),
                c.predicate,
                name_id(run.collection, c.object),
            ): c
            for c in s.delta.claims
        }.items():
            yield (
                run.generation, identity, s.version_id, claim.chunk_id, claim.start, claim.end,
                name_id(run.collection, claim.subject), claim.predicate, name_id(run.collection, claim.object),
                run.collection_id, s.document_id, s.acl_class,
            )  # fmt: skip
