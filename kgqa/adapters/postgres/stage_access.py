"""Documents whose readers change and nothing else: their current versions, staged again for another access class.

What a document says does not depend on who may read it, so nothing is parsed or embedded again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.stage import OpenRun, intern_classes
from kgqa.adapters.postgres.statements import load

#: what hangs on a version
COPIED = (
    "copy_placements",
    "copy_chunk_translations",
    "copy_chunk_index",
    "copy_sentences",
    "copy_name_supports",
    "copy_equivalences",
    "copy_claims",
    "copy_pii_uses",
)


def stage_access(connection: Connection, run: OpenRun, principals: Mapping[str, Sequence[str]]) -> None:
    """Stage the documents with these keys for these readers; keys without a document are ignored.

    Call inside a transaction. A document that the run holds already stays as it was staged.
    """
    sql = load("access")
    classes = intern_classes(connection, principals.values())
    connection.execute(sql["make_moved_class"])
    bound = {
        "run": run.id,
        "collection": run.collection_id,
        "generation": run.generation,
        "keys": list(principals),
        "classes": [classes[tuple(sorted(set(readers)))] for readers in principals.values()],
    }
    connection.execute(sql["copy_versions"], bound)
    for statement in COPIED:
        connection.execute(sql[statement], bound)
