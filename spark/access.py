"""Which access list holds for a source that is read: the one that is named, else the one that it had, else its own.

A source that had an access list never becomes readable by everybody because the list is gone: somebody has to say so.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from kgqa.adapters.lakes.folder import local_path
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import InvalidInput
from kgqa.model.document import Source
from kgqa.ports import Lake
from spark.jobs.list_sources import ACCESS_FILE, AccessList, own_access, read_access


def settle(
    store: PostgresDocumentStore, collection: str, lake: Lake, *, given: str | None, make_public: bool
) -> tuple[Source, AccessList]:
    """The source with the place of its access list, and the list. Raises InvalidInput where the list is gone."""
    uri, own = lake.uri, own_access(lake)
    if given:
        named = local_path(given).as_uri()
        return Source(uri=uri, access_uri=named), read_access(lake, named)
    has_own = lake.beside(ACCESS_FILE) is not None
    if make_public:
        if has_own:
            raise InvalidInput(
                f"The source has an access list, {ACCESS_FILE}, and --make-public was said.",
                hint="remove the file, or leave the flag out.",
            )
        return Source(uri=uri), AccessList()
    known = next((s.access_uri for s in store.sources(collection) if s.uri == uri), None)
    place = known or (own if has_own else None)
    if place is None and store.count_restricted(collection, uri):
        place = own  # read before the place of a list was remembered
    if place is None:
        return Source(uri=uri), AccessList()
    if not (has_own if place == own else Path(unquote(urlsplit(place).path)).exists()):
        raise InvalidInput(
            f"The access list of this source is gone: {place}. Without it everybody could read every document. "
            "Nothing was changed.",
            hint="put it back, name another with --access FILE, or let everybody read with --make-public.",
        )
    return Source(uri=uri, access_uri=place), read_access(lake, place)
