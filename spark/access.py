"""Which access list holds for a source that is read: the one that is named, else the one that it had, else its own.

A source that had an access list never becomes readable by everybody because the list is gone: somebody has to say so.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import InvalidInput
from kgqa.model.document import Source
from spark.jobs.list_sources import ACCESS_FILE, AccessList, local_path, read_access


def settle(
    store: PostgresDocumentStore, collection: str, source: str, *, given: str | None, make_public: bool
) -> tuple[Source, AccessList]:
    """The source with the place of its access list, and the list. Raises InvalidInput where the list is gone."""
    uri = local_path(source).as_uri()
    if given:
        named = local_path(given).as_uri()
        return Source(uri=uri, access_uri=named), read_access(source, named)
    own = local_path(source) / ACCESS_FILE
    if make_public:
        if own.exists():
            raise InvalidInput(
                f"The source has an access list, {ACCESS_FILE}, and --make-public was said.",
                hint="remove the file, or leave the flag out.",
            )
        return Source(uri=uri), AccessList()
    known = next((s.access_uri for s in store.sources(collection) if s.uri == uri), None)
    place = known or (own.as_uri() if own.exists() else None)
    if place is None and store.count_restricted(collection, uri):
        place = own.as_uri()  # read before the place of a list was remembered
    if place is None:
        return Source(uri=uri), AccessList()
    if not Path(unquote(urlsplit(place).path)).exists():
        raise InvalidInput(
            f"The access list of this source is gone: {place}. Without it everybody could read every document. "
            "Nothing was changed.",
            hint="put it back, name another with --access FILE, or let everybody read with --make-public.",
        )
    return Source(uri=uri, access_uri=place), read_access(source, place)
