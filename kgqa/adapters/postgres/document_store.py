"""The record as ingest writes it: `ports.DocumentStore` on PostgreSQL, role `kgqa_pipeline`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.types.json import Jsonb

from kgqa.adapters.postgres import resolution
from kgqa.adapters.postgres.check import Finding, check_record
from kgqa.adapters.postgres.hiding import hidden_keys, hide
from kgqa.adapters.postgres.names import Scope
from kgqa.adapters.postgres.pool import Connection, Pool, connected, transaction
from kgqa.adapters.postgres.publish import lock_collection, publish
from kgqa.adapters.postgres.recorded import Unseal, read_recorded
from kgqa.adapters.postgres.stage import open_run, replace_deletions, stage, stage_deletions
from kgqa.adapters.postgres.statements import load
from kgqa.errors import ConfigurationError, Conflict, NotFound
from kgqa.ingest.parse import file_title
from kgqa.model.delta import DeltaReport, DocumentDelta, IngestDelta, OptionsHashes
from kgqa.model.document import RawDocument, Source
from kgqa.model.entity import Alias, AliasLink
from kgqa.model.generation import Generation, GenerationState
from kgqa.model.library import Collection
from kgqa.model.pii import PiiRules


class PostgresDocumentStore:
    """Writes documents in runs. See `ports.DocumentStore`."""

    def __init__(self, pool: Pool, generation: int | None = None) -> None:
        """`generation`: the one that is written; None: the active one."""
        self._pool = pool
        self._bound = generation

    def at(self, generation: int) -> PostgresDocumentStore:
        """The same record, written in one generation."""
        return PostgresDocumentStore(self._pool, generation)

    def collection(self, name: str) -> Collection:
        """The collection, made if missing."""
        with transaction(self._pool) as connection:
            return _collection(connection, name)

    def set_dictionary(self, collection: str, dictionary: Mapping[str, object]) -> None:
        """Replace the domain dictionary."""
        with transaction(self._pool) as connection:
            _collection(connection, collection)
            connection.execute(
                load("record")["set_dictionary"], {"name": collection, "dictionary": Jsonb(dict(dictionary))}
            )

    def set_pii_rules(self, collection: str, rules: PiiRules) -> None:
        """Say what happens to personal data; documents that were read before change when they are read again."""
        with transaction(self._pool) as connection:
            _collection(connection, collection)
            bound = {"name": collection, "policy": rules.policy.value, "readers": sorted(set(rules.readers))}
            connection.execute(load("record")["set_pii_rules"], bound)

    def translate_to(self, collection: str) -> str:
        """The language that a collection is translated to (ISO 639-1); empty: none, or there is no such collection."""
        with connected(self._pool) as connection:
            row = connection.execute(load("record")["translate_to"], {"name": collection}).fetchone()
        return str(row[0]) if row else ""

    def set_translate_to(self, collection: str, language: str) -> None:
        """Say which language a collection is translated to; documents that were read before change when read again."""
        with transaction(self._pool) as connection:
            _collection(connection, collection)
            connection.execute(load("record")["set_translate_to"], {"name": collection, "language": language})

    def kept_translations(self, language: str, engine: str, text_hashes: Sequence[bytes]) -> Mapping[bytes, str]:
        """Translations into a language that an engine made before, by what was translated."""
        bound = {"language": language, "engine": engine, "hashes": list(text_hashes)}
        with connected(self._pool) as connection:
            return dict(connection.execute(load("record")["kept_translations"], bound).fetchall())

    def remember_source(self, collection: str, source: Source) -> None:
        """The collection has documents of this source."""
        with transaction(self._pool) as connection:
            found = _collection(connection, collection)
            bound = {"collection": found.id, "uri": source.uri, "access": source.access_uri}
            connection.execute(load("record")["remember_source"], bound)

    def sources(self, collection: str) -> Sequence[Source]:
        """The sources of a collection, in the order in which they came."""
        with transaction(self._pool) as connection:
            found = _collection(connection, collection)
            rows = connection.execute(load("record")["sources"], {"collection": found.id})
            return [Source(uri=row[0], access_uri=row[1]) for row in rows]

    def forget_source(self, collection: str, uri: str) -> None:
        """The collection is no longer read from this source. Its documents stay, as documents of no source."""
        with transaction(self._pool) as connection:
            bound = {"collection": _collection(connection, collection).id, "uri": uri}
            connection.execute(load("record")["forget_source"], bound)

    def keys_of_source(self, collection: str, uri: str) -> Sequence[str]:
        """Keys of the published documents of one source, in order."""
        with transaction(self._pool) as connection:
            bound = {"collection": _collection(connection, collection).id, "uri": uri}
            return [row[0] for row in connection.execute(load("record")["keys_of_source"], bound)]

    def known_keys(self, collection: str, keys: Sequence[str]) -> Mapping[str, str | None]:
        """Those of the keys that documents have, with the source that brings them back when it is read again."""
        with connected(self._pool) as connection:
            bound = {"collection": collection, "keys": list(keys)}
            return dict(connection.execute(load("record")["known_keys"], bound).fetchall())

    def count_restricted(self, collection: str, uri: str) -> int:
        """How many published documents of a source not everybody may read."""
        with transaction(self._pool) as connection:
            bound = {"collection": _collection(connection, collection).id, "uri": uri}
            row = connection.execute(load("record")["count_restricted"], bound).fetchone()
        assert row is not None
        return int(row[0])

    def documents_by_source(self, run: int) -> tuple[frozenset[int], frozenset[int]]:
        """Ids of the collection's published documents: those of the run's source, and others that it may take over."""
        with connected(self._pool) as connection:
            rows = connection.execute(load("record")["documents_by_source"], {"run": run}).fetchall()
        return frozenset(row[0] for row in rows if row[1]), frozenset(row[0] for row in rows if not row[1])

    def settle_source(self, run: int, *, gone: Sequence[int], taken: Sequence[int]) -> None:
        """What listing the run's source says: documents that go when the run is published (these and no others), and
        documents that are of this source from now on.
        """
        with transaction(self._pool) as connection:
            opened = open_run(connection, run)
            lock_collection(connection, opened.collection_id, shared=True)
            connection.execute(load("record")["take_over"], {"run": run, "documents": list(taken)})
            replace_deletions(connection, opened, gone)

    def keys(self, collection: str) -> Sequence[str]:
        """Keys of all published documents, in order."""
        with transaction(self._pool) as connection:
            found = _collection(connection, collection)
            return [row[0] for row in connection.execute(load("record")["keys"], {"collection": found.id})]

    def generation(self) -> Generation:
        """The generation that is written: the active one, unless this store is bound to another."""
        with connected(self._pool) as connection:
            return _generation(connection, self._bound)

    def generations(self) -> Sequence[Generation]:
        """All generations that hold something, with their sizes, by id."""
        with connected(self._pool) as connection:
            return [_as_generation(row) for row in connection.execute(load("record")["generations"])]

    def previous_generation(self) -> int | None:
        """The generation that was active before; None: there was none, or it was dropped."""
        with connected(self._pool) as connection:
            row = connection.execute(load("record")["previous_generation"]).fetchone()
        return row[0] if row else None

    def collection_names(self) -> Sequence[str]:
        """Names of all collections."""
        with connected(self._pool) as connection:
            return [row[0] for row in connection.execute(load("record")["collection_names"])]

    def set_encoder(self, generation: int, *, model: str, encoder: str, dimensions: int) -> None:
        """What a generation embeds with; one that has vectors keeps its encoder."""
        bound = {"generation": generation, "model": model, "encoder": encoder, "dimensions": dimensions}
        with transaction(self._pool) as connection:
            connection.execute(load("record")["set_encoder"], bound)

    def behind(self, run: int) -> Sequence[tuple[int, str, str, Sequence[str]]]:
        """(id, key, uri, principals) of documents that the active generation has, and the run's has neither published
        nor staged, by key.
        """
        with connected(self._pool) as connection:
            return connection.execute(load("record")["behind"], {"run": run}).fetchall()

    def recorded(self, collection: str, document: int, unseal: Unseal | None = None) -> RawDocument | None:
        """A published document as its source delivered it; None when it is gone.

        Of a masked document only text is kept: that text with its values back, by `unseal`.
        """
        with connected(self._pool) as connection:
            return read_recorded(connection, collection, document, unseal)

    def check(self, generation: int) -> Iterator[tuple[str, list[Finding]]]:
        """What does not hold in the record, check by check; see `check.py`."""
        return check_record(self._pool, generation)

    def start_run(
        self, collection: str, options: Mapping[str, object], *, resume: bool = True, source: str | None = None
    ) -> int:
        """Id of an ingest run; an unfinished run of the same source with the same options is resumed."""
        with transaction(self._pool) as connection:
            return start_run_within(connection, collection, options, self._bound, resume=resume, source=source)

    def unchanged(
        self, run: int, hashes: Mapping[str, bytes], options: OptionsHashes, *, by_listing: bool = False
    ) -> frozenset[str]:
        """Keys whose live or in this run staged version has this hash and the options hash of its title."""
        if not hashes:
            return frozenset()
        parameters = {
            "run": run,
            "keys": list(hashes),
            "hashes": list(hashes.values()),
            "titles": [file_title(key) for key in hashes],
            "by_listing": by_listing,
            "options": options.usual,
            "options_by_file": options.named_by_file,
        }
        with connected(self._pool) as connection:
            return frozenset(row[0] for row in connection.execute(load("record")["unchanged"], parameters))

    def note_listing(self, run: int, contents: Mapping[str, bytes], listings: Mapping[str, bytes]) -> None:
        """Versions of these keys that have this content hash are what a listing showed with this hash."""
        keys = [key for key in contents if listings.get(key)]
        if keys:
            bound = {"contents": [contents[key] for key in keys], "listings": [listings[key] for key in keys]}
            with transaction(self._pool) as connection:
                connection.execute(load("record")["note_listing"], {"run": run, "keys": keys, **bound})

    def cached_vectors(self, model: str, text_hashes: Sequence[bytes]) -> Mapping[bytes, npt.NDArray[np.float16]]:
        """Vectors of texts that were embedded before, by text hash."""
        sql = load("record")
        with connected(self._pool) as connection:
            generations = [row[0] for row in connection.execute(sql["generations_of_model"], {"model": model})]
            rows = connection.execute(
                sql["cached_vectors"], {"generations": generations, "hashes": list(text_hashes)}, binary=True
            )
            return {row[0]: row[1].to_numpy().astype(np.float16) for row in rows}

    def stage(self, run: int, deltas: Sequence[DocumentDelta]) -> None:
        """Write documents under an unpublished run; safe to repeat, from many processes."""
        with transaction(self._pool) as connection:
            opened = open_run(connection, run)
            lock_collection(connection, opened.collection_id, shared=True)
            stage(connection, opened, deltas)

    def stage_deletions(self, run: int, keys: Sequence[str]) -> None:
        """Mark documents to be deleted when the run is published."""
        with transaction(self._pool) as connection:
            opened = open_run(connection, run)
            lock_collection(connection, opened.collection_id, shared=True)
            stage_deletions(connection, opened, keys)

    def publish(self, run: int, *, resolve: bool = True) -> DeltaReport:
        """Make a run visible in one transaction; repeating it gives the first report."""
        with transaction(self._pool) as connection:
            return publish(connection, run, resolve=resolve)

    def apply_delta(self, delta: IngestDelta) -> DeltaReport:
        """`start_run`, `stage`, `publish` in one transaction; what is deleted is hidden by one before it."""
        hidden = 0
        if delta.deletions and self._bound is None:
            with transaction(self._pool) as connection:
                hidden = hide(connection, _collection(connection, delta.collection).id, delta.deletions)
        with transaction(self._pool) as connection:
            _hold_generation(connection)
            collection = _collection(connection, delta.collection)
            lock_collection(connection, collection.id)
            report = self._apply_locked(connection, delta)
        # somebody who removes what is hidden may have been faster
        return replace(report, deleted=max(report.deleted, hidden))

    def remove_hidden(self, collection: str) -> int:
        """Remove documents that are hidden; how many. Entities are left waiting."""
        found = self.collection(collection).id
        with connected(self._pool) as connection:
            if not hidden_keys(connection, found):
                return 0
        with transaction(self._pool) as connection:
            _hold_generation(connection)
            lock_collection(connection, found)
            delta = IngestDelta(collection=collection, deletions=tuple(hidden_keys(connection, found)))
            return self._apply_locked(connection, delta, resolve=False).deleted

    def _apply_locked(self, connection: Connection, delta: IngestDelta, *, resolve: bool = True) -> DeltaReport:
        run = start_run_within(connection, delta.collection, {}, self._bound, resume=False)
        opened = open_run(connection, run)
        stage_deletions(connection, opened, delta.deletions)
        stage(connection, opened, delta.upserts)
        return publish(connection, run, resolve=resolve)

    def count_waiting(self, collection: str) -> tuple[int, int]:
        """Number of aliases that `publish(resolve=False)` left without an entity, and of all aliases."""
        with transaction(self._pool) as connection:
            return resolution.count_waiting(connection, self._scope(connection, collection))

    def aliases(self, collection: str) -> Sequence[Alias]:
        """All aliases, resolved or not."""
        with transaction(self._pool) as connection:
            return resolution.members(connection, self._scope(connection, collection)).aliases

    def links(self, collection: str) -> Sequence[AliasLink]:
        """All links that are known: stated and manual ones, and those that follow from resolved names."""
        with transaction(self._pool) as connection:
            return resolution.members(connection, self._scope(connection, collection)).links

    def resolve(self, collection: str) -> None:
        """Resolve what `publish(resolve=False)` left, in memory."""
        with transaction(self._pool) as connection:
            scope = self._scope(connection, collection)
            lock_collection(connection, scope.collection_id)
            resolution.resolve_collection(connection, scope)

    def write_partition(self, collection: str, links: Sequence[AliasLink], clusters: Iterable[Set[int]]) -> None:
        """Store a partition of all aliases that was computed elsewhere. Raises Conflict when they changed meanwhile."""
        with transaction(self._pool) as connection:
            scope = self._scope(connection, collection)
            lock_collection(connection, scope.collection_id)
            resolution.store_partition(connection, scope, links, clusters)

    def _scope(self, connection: Connection, collection: str) -> Scope:
        found = _collection(connection, collection)
        return Scope(collection_id=found.id, collection=found.name, generation=_generation(connection, self._bound).id)


def _collection(connection: Connection, name: str) -> Collection:
    sql = load("record")
    row = connection.execute(sql["collection"], {"name": name}).fetchone()
    if row is None:
        connection.execute(sql["add_collection"], {"name": name})
        row = connection.execute(sql["collection"], {"name": name}).fetchone()
    assert row is not None
    return Collection(id=row[0], name=row[1], dictionary=row[2], documents=row[3], chunks=int(row[4]))


def start_run_within(
    connection: Connection,
    collection: str,
    options: Mapping[str, object],
    bound: int | None,
    *,
    resume: bool,
    source: str | None = None,
) -> int:
    """Id of a run of a generation (None: of the active one), for callers that have a transaction."""
    sql = load("record")
    found = _collection(connection, collection)
    generation = _generation_of_run(connection, options, bound)
    known = connection.execute(sql["source"], {"collection": found.id, "uri": source}).fetchone()
    parameters: dict[str, Any] = {
        "collection": found.id,
        "generation": generation,
        "options": Jsonb(dict(options)),
        "source": known[0] if known else None,
    }
    row = connection.execute(sql["open_run"], parameters).fetchone() if resume else None
    row = row or connection.execute(sql["add_run"], parameters).fetchone()
    assert row is not None
    return int(row[0])


def _generation_of_run(connection: Connection, options: Mapping[str, object], bound: int | None) -> int:
    """The generation that a run writes. Its vectors all come from one model, that of the first run that names one."""
    found = _generation(connection, bound)
    model = options.get("embed")
    if model is None or found.model == model:
        return found.id
    if found.model:
        raise Conflict(
            f"The index was built with the encoder {found.model}, not {model}.",
            hint="use that encoder, or build a new generation: `kgqa reindex`.",
        )
    bound_options = {"generation": found.id, "options": Jsonb({"embed": model})}
    connection.execute(load("record")["set_generation_options"], bound_options)
    return found.id


def _generation(connection: Connection, bound: int | None) -> Generation:
    row = connection.execute(load("record")["generation"], {"generation": bound}).fetchone()
    if row is None and bound is not None:
        raise NotFound(f"There is no index generation {bound}.", hint="`kgqa generation list` lists them.")
    if row is None:
        raise ConfigurationError("The database has no active index generation.", hint="run `kgqa migrate`.")
    return _as_generation((*row, 0, 0))


def _as_generation(row: tuple[Any, ...]) -> Generation:
    options = row[2]
    return Generation(
        id=row[0],
        state=GenerationState(row[1]),
        model=options.get("embed", ""),
        encoder=options.get("encoder", ""),
        dimensions=row[3],
        documents=row[4],
        behind=row[5],
    )


def _hold_generation(connection: Connection) -> None:
    """Keep the active generation active. Whoever waited for a flip here finds no active row at first: ask again."""
    sql = load("record")["hold_generation"]
    if connection.execute(sql).fetchone() is None:
        connection.execute(sql)
