"""`kgqa delete`: documents that go, and with them everything that only they supported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgqa.cli.shared import CollectionOption, JsonOption, err, services
from kgqa.errors import InvalidInput, NotFound
from kgqa.settings import load_settings

if TYPE_CHECKING:
    from kgqa.bootstrap import Services

#: keys that are printed one by one
_SHOWN = 20


def delete(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of documents (paths inside the lake).")] = None,
    collection: CollectionOption = "default",
    source: Annotated[
        str | None,
        typer.Option(
            help="All documents that came from this folder or URI; the mutation `reindex` does not read it again."
        ),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All documents of the collection.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete documents from every store, with everything that only they supported.

    They are hidden at once, and their rows are gone when this ends; cut off, they stay hidden and the same command goes
    on. What is left of them on disk (dead rows, logs of the servers) goes with `kgqa erase`. A file that is still in
    its folder comes back when that is read again.
    """
    if sum((bool(keys), source is not None, everything)) != 1:
        raise InvalidInput("Say which documents: their keys, or --source FOLDER, or --all.")
    with services(load_settings()) as built:
        store = built.store
        uri = source_uri(source) if source else None
        if uri:
            wanted = store.keys_of_source(collection, uri)
        else:
            wanted = store.keys(collection) if everything else list(dict.fromkeys(keys or ()))
        known = store.known_keys(collection, wanted)
        missing = [key for key in wanted if key not in known]
        if not known:
            raise NotFound(
                f"No such documents in {collection!r}: {', '.join(wanted[:_SHOWN]) or 'there are none'}.",
                hint="keys are paths inside the lake, such as manuals/p350.pdf; uploads begin with upload/.",
            )
        report = remove(built, collection, sorted(known))
        if uri:
            store.forget_source(collection, uri)
    back = sorted({place for place in known.values() if place and place != uri})
    if as_json:
        document = {"deleted": report, "keys": sorted(known), "notFound": missing, "sourcesThatBringThemBack": back}
        print(json.dumps(document, ensure_ascii=False))
        return
    for key in sorted(known)[:_SHOWN]:
        err.print(f"deleted {key}", markup=False)
    if len(known) > _SHOWN:
        err.print(f"... and {len(known) - _SHOWN} more")
    for key in missing:
        err.print(f"not found: {key}", markup=False)
    err.print(f"deleted {report} documents.")
    for place in back:
        err.print(f"files that are still in {place} come back when it is read again.", markup=False)


def source_uri(source: str) -> str:
    """The name of a source in the record; it need not be there any more.

    >>> source_uri("s3://bucket/lake/"), source_uri("/lake")
    ('s3://bucket/lake', 'file:///lake')
    """
    return source.rstrip("/") if "://" in source else Path(source).expanduser().absolute().as_uri()


def remove(built: Services, collection: str, keys: list[str]) -> int:
    """Delete documents from the record and the graph; how many of them had been published."""
    from kgqa.model.delta import IngestDelta

    report = built.store.apply_delta(IngestDelta(collection=collection, deletions=tuple(keys)))
    while built.graph.project():
        pass
    return report.deleted
