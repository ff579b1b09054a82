"""Which documents the source no longer has. They go when the run is published, and only those that came from it.

A source that lists nothing, or has lost much, is more often a share that is not mounted than a lake that was emptied:
then nothing is done until somebody says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import Conflict
from kgqa.model.identity import document_id
from spark.failures import task_errors

#: what to do about documents that are gone: delete them unless that looks wrong, delete them, leave them
Missing = Literal["check", "delete", "keep"]
#: fewer than these are never suspicious, unless nothing is left
FEW_DOCUMENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """How many documents of the source are gone."""

    documents: int
    #: how many it had
    known: int
    #: how many it has
    listed: int

    def is_suspicious(self, share: float) -> bool:
        """Whether this looks like a source that cannot be reached rather than like deletions.

        >>> Gone(documents=30, known=50, listed=20).is_suspicious(0.5)
        True
        >>> Gone(documents=15, known=20, listed=5).is_suspicious(0.5)
        False
        >>> Gone(documents=1, known=1, listed=0).is_suspicious(0.5)
        True
        """
        many = self.documents >= FEW_DOCUMENTS and self.documents > share * self.known
        return self.documents > 0 and (many or self.listed == 0)


def run(
    sources: DataFrame, store: PostgresDocumentStore, collection: str, run_id: int, *, missing: Missing, share: float
) -> int:
    """Mark what is gone in the run; how many documents that is. Raises Conflict when that is suspiciously many."""
    with task_errors():
        listed = {document_id(collection, row["key"]) for row in sources.select("key").collect()}
    own, others = store.documents_by_source(run_id)
    gone = Gone(documents=len(own - listed), known=len(own), listed=len(listed))
    if missing == "check" and gone.is_suspicious(share):
        raise Conflict(
            f"The source lists {gone.listed} documents; {gone.documents} of the {gone.known} that came from it are "
            "gone. Nothing was changed.",
            hint="check that it is mounted and complete; --allow-deletions deletes them, --keep-missing leaves them.",
        )
    going = [] if missing == "keep" else sorted(own - listed)
    store.settle_source(run_id, gone=going, taken=sorted(others & listed))
    return len(going)
