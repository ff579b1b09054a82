"""The work of each kind of job. Everything may run twice: a worker that was thought dead may be only slow."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from kgqa.errors import InvalidInput
from kgqa.ingest.pipeline import IngestParts, ingest_documents
from kgqa.model.delta import DeltaReport, IngestDelta
from kgqa.model.document import Outcome, RawDocument, Source
from kgqa.model.identity import document_id
from kgqa.ports import DocumentStore, GraphStore
from kgqa.processes import run_spark_job
from kgqa.settings import Settings

#: says how far the work is; raises when it is no longer ours
Report = Callable[[Mapping[str, object]], None]
Result = Mapping[str, object]


class WorkServices(Protocol):
    """What jobs work on; `bootstrap.Services` has it."""

    @property
    def store(self) -> DocumentStore:
        """The record."""
        ...

    @property
    def graph(self) -> GraphStore:
        """The projection."""
        ...

    @property
    def settings(self) -> Settings:
        """For child processes."""
        ...

    def ingest_parts(self, collection: str) -> IngestParts:
        """Models and options."""
        ...


def ingest_document(payload: Mapping[str, Any], services: WorkServices, report: Report) -> Result:
    """Read one document into the record and the graph. Raises InvalidInput with the reason when it cannot be read."""
    raw = RawDocument(
        collection=payload["collection"],
        key=payload["key"],
        uri=f"upload://{payload['target']}",
        data=base64.b64decode(payload["content"]),
        media_type=payload["mediaType"],
        principals=tuple(payload["principals"]),
        metadata=payload["metadata"],
    )
    report({"stage": "read"})
    (delta,) = ingest_documents([raw], services.ingest_parts(raw.collection))
    report({"stage": "apply"})
    applied = services.store.apply_delta(IngestDelta(collection=raw.collection, upserts=(delta,)))
    report({"stage": "project"})
    _project(services.graph)
    if delta.outcome in (Outcome.FAILED, Outcome.SKIPPED):
        raise InvalidInput(delta.reason)
    identity = str(document_id(raw.collection, raw.key))
    return {"documentId": identity, **_counts(applied)}


def delete_document(payload: Mapping[str, Any], services: WorkServices, report: Report) -> Result:
    """Delete one document with everything that only it supported."""
    report({"stage": "apply"})
    applied = services.store.apply_delta(IngestDelta(collection=payload["collection"], deletions=(payload["key"],)))
    report({"stage": "project"})
    _project(services.graph)
    return _counts(applied)


def reindex(payload: Mapping[str, Any], services: WorkServices, report: Report) -> Result:
    """Read the documents of a collection's sources again, with Spark, in a process of its own.

    What is gone from a source is deleted, and each source keeps its access list, as `kgqa ingest` does it: where that
    looks wrong the job fails and nothing is changed.
    """
    collection = str(payload["collection"])
    sources = _sources(services.store, collection, payload.get("source"))
    if not sources:
        raise InvalidInput("The collection has no source to read again.", hint="name one: reindex(source: ...).")
    reports: list[Result] = []
    for source in sources:
        arguments = ["--source", source.uri, "--collection", collection, "--force"]
        arguments += ["--allow-deletions"] if payload.get("allowDeletions") else []
        reports.append(run_spark_job("ingest", arguments, services.settings, on_progress=report))
    return {"sources": reports}


def project(_payload: Mapping[str, Any], services: WorkServices, report: Report) -> Result:
    """Bring the projection up to date with the record."""
    report({"stage": "project"})
    return {"keys": _project(services.graph)}


#: the work by kind of job
WORK: Mapping[str, Callable[[Mapping[str, Any], WorkServices, Report], Result]] = {
    "ingest_document": ingest_document,
    "delete_document": delete_document,
    "reindex": reindex,
    "project": project,
}


def _sources(store: DocumentStore, collection: str, wanted: str | None) -> Sequence[Source]:
    """The collection's sources, or the wanted one, with what is known of it; `wanted` is a path or URI."""
    sources = store.sources(collection)
    if not wanted:
        return sources
    named = (wanted, wanted.rstrip("/"), f"file://{quote(wanted)}")
    return [source for source in sources if source.uri in named] or [Source(uri=wanted)]


def _project(graph: GraphStore) -> int:
    total = 0
    while done := graph.project():
        total += done
    return total


def _counts(report: DeltaReport) -> dict[str, object]:
    return {"indexed": report.indexed, "duplicates": report.duplicates, "deleted": report.deleted}
