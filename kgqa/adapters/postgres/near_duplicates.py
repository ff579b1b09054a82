"""Near duplicates in the record: each live document is marked with the first by id that it is nearly the same as.

Only documents of one access class are compared, so that a mark tells its readers nothing they may not know. A marked
document stays in the index. The marks are a pure function of the live documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.adapters.postgres.names import Scope
from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.ingest.dedupe import NEAR, PERMUTATIONS

#: from this many documents on, all signatures are read instead of those that look alike
MANY_DOCUMENTS = 200
#: pieces of a signature, as minhash_bands() in the record cuts it; more than values that near signatures differ in
BANDS = 8
#: values that near signatures have in common at least
_AGREEING = NEAR * PERMUTATIONS
#: greater than every document id
_NONE = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A live document with its signature and the mark it has."""

    document_id: int
    signature: bytes
    near_duplicate_of: int | None = None


def remember_marked(connection: Connection, scope: Scope) -> None:
    """Before documents go: note which ones are marked as near duplicates of them."""
    connection.execute(load("publish")["remember_marked"], scope.parameters)


def mark_near_duplicates(connection: Connection, scope: Scope) -> None:
    """Bring the marks up to date with `version_change`, once documents point to their new versions."""
    sql = load("publish")
    connection.execute(sql["unmark"])
    wanted = {row[0] for row in connection.execute(sql["find_unmarked"], scope.parameters)}
    if not wanted:
        return
    statement = "signatures" if len(wanted) > MANY_DOCUMENTS else "like_signatures"
    by_class: dict[int, list[Signed]] = {}
    for reader, document, marked, signature in connection.execute(
        sql[statement], {**scope.parameters, "documents": sorted(wanted)}
    ):
        signed = Signed(document_id=document, signature=signature, near_duplicate_of=marked)
        by_class.setdefault(reader, []).append(signed)
    originals = {d: first for signed in by_class.values() for d, first in first_near(signed, wanted).items()}
    connection.execute(
        sql["mark"], {**scope.parameters, "documents": list(originals), "originals": list(originals.values())}
    )


def first_near(documents: Sequence[Signed], wanted: Set[int]) -> Mapping[int, int | None]:
    """The first by id of the documents near each, among those with a smaller id.

    `wanted`: documents whose marks are found anew. The others keep theirs unless a wanted one comes before it.
    """
    ordered = sorted(documents, key=lambda d: d.document_id)
    values = np.frombuffer(b"".join(d.signature for d in ordered), "<u4").reshape(len(ordered), PERMUTATIONS)
    place = {d.document_id: i for i, d in enumerate(ordered)}
    ids = np.array(list(place), np.int64)
    kept = [_NONE if d.document_id in wanted else d.near_duplicate_of or _NONE for d in ordered]
    first = np.array(kept, np.int64)
    buckets = _Buckets(values)
    for i in sorted(place[document] for document in wanted if document in place):
        alike = buckets.alike(i)
        close = alike[np.count_nonzero(values[alike] == values[i], axis=1) >= _AGREEING]
        after = close[close > i]
        first[after] = np.minimum(first[after], ids[i])
        if close[0] < i:
            first[i] = min(first[i], ids[close[0]])
    return {document: one if one != _NONE else None for document, one in zip(place, first.tolist(), strict=True)}


class _Buckets:
    """Signatures by equal pieces (locality-sensitive hashing; Leskovec et al., Mining of Massive Datasets, 3.4)."""

    def __init__(self, values: npt.NDArray[np.uint32]) -> None:
        pieces = np.ascontiguousarray(values).view(f"V{4 * PERMUTATIONS // BANDS}")
        #: by piece: bucket of every signature, signatures by bucket, where each bucket starts
        self._bands: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]] = []
        for band in range(BANDS):
            _, bucket, sizes = np.unique(pieces[:, band], return_inverse=True, return_counts=True)
            starts = np.concatenate(([0], np.cumsum(sizes)))
            self._bands.append((bucket, np.argsort(bucket, kind="stable"), starts))

    def alike(self, i: int) -> npt.NDArray[np.intp]:
        """Places of the signatures that share a piece with one, itself among them, in order."""
        found = [members[starts[bucket[i]] : starts[bucket[i] + 1]] for bucket, members, starts in self._bands]
        return np.unique(np.concatenate(found))
