"""Making a run visible: one short transaction, one publisher per collection at a time.

The order matters. First the documents that change are known (`moved`), then the versions whose rows become or stop
being live (`version_change`, after duplicates have chosen their originals). Counts, names and statistics follow from
these versions. Then rows are switched and old ones go. Last come the things that follow from all names together:
mentions of new documents and of old ones that hold a name which reads differently now, and entities.

What changes in the active generation leaves every other one in the same transaction: no generation keeps a text, or
shows it to somebody, that the active one has given up. Whoever makes another generation active reads them again first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.entities import resolve_touched
from kgqa.adapters.postgres.hiding import forget_removed
from kgqa.adapters.postgres.mentions import MANY_DOCUMENTS, annotate_documents
from kgqa.adapters.postgres.names import Scope, affected_documents, count_names
from kgqa.adapters.postgres.near_duplicates import mark_near_duplicates, remember_marked
from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict, GenerationMoved, NotFound
from kgqa.model.delta import DeltaReport
from kgqa.model.document import Outcome

#: parts of a version whose rows carry `live`
SWITCHED = ("chunk_index", "sentence", "name_support", "equivalence", "claim")


def lock_collection(connection: Connection, collection_id: int, *, shared: bool = False) -> None:
    """Wait until nobody else publishes (or, for a shared lock, until no publisher is at work)."""
    connection.execute(load("publish")["lock_shared" if shared else "lock"], {"collection": collection_id})


def publish(connection: Connection, run: int, *, resolve: bool) -> DeltaReport:
    """Publish the run; what it did. Call inside a transaction. Publishing it again gives the first report."""
    sql = load("publish")
    collection = connection.execute(load("record")["collection_of_run"], {"run": run}).fetchone()
    if collection is None:
        raise NotFound(f"There is no ingest run {run}.")
    held = connection.execute(sql["hold_generation"], {"run": run}).fetchone()
    assert held is not None
    lock_collection(connection, collection[0])
    row = connection.execute(sql["run"], {"run": run}).fetchone()
    assert row is not None
    if row[2] == "published":
        return _report(row[3])
    if row[2] != "open":
        raise Conflict(f"Ingest run {run} is {row[2]}.", hint="start a new run.")
    scope = Scope(collection_id=row[0], generation=row[1], collection=row[4])
    if held[0] in ("retired", "dropped"):
        raise GenerationMoved(
            f"Another index generation became active while run {run} was under way.", hint="run the same again."
        )
    execute_all(connection, "publish", ("make_temporary_tables",))
    execute_all(connection, "publish", ("find_moved", "drop_staged_elsewhere"), {**scope.parameters, "run": run})
    documents = [document for (document,) in connection.execute(sql["moved_documents"])]
    others = [other for (other,) in connection.execute(sql["other_generations"], scope.parameters)]
    report = _apply(connection, scope, run, resolve=resolve)
    for generation in others:
        _withdraw(connection, replace(scope, generation=generation), documents)
    connection.execute(sql["finish_run"], {"run": run, "report": Jsonb(asdict(report))})
    return report


def _withdraw(connection: Connection, scope: Scope, documents: Sequence[int]) -> None:
    """Take documents out of a generation, as if they were deleted there."""
    execute_all(connection, "publish", ("forget_temporary_tables",))
    execute_all(connection, "publish", ("make_temporary_tables",))
    execute_all(connection, "publish", ("find_withdrawn",), {**scope.parameters, "documents": list(documents)})
    _apply(connection, scope, None, resolve=False)


def _apply(connection: Connection, scope: Scope, run: int | None, *, resolve: bool) -> DeltaReport:
    """Make what is in `moved` so; `run` None: only take documents out of this generation."""
    sql = load("publish")
    parameters: dict[str, Any] = {**scope.parameters, "run": run, "documents": list[int]()}
    execute_all(
        connection,
        "publish",
        ("find_losing", "elect_originals", "analyse", "remember_old_aliases", "remember_old_relations",
         "count_corpus", "count_terms"),
        parameters,
    )  # fmt: skip
    remember_marked(connection, scope)
    _forget_stated(connection, scope, [])
    has_new_names = count_names(connection, scope)
    execute_all(
        connection,
        "publish",
        ("forget_corpus", "forget_terms", "withdraw", "point_to_new_versions", "move_documents",
         "move_chunks_to_class", "drop_alias_support", "drop_mentions", "drop_old_versions", "drop_unused_secrets"),
        parameters,
    )  # fmt: skip
    forget_removed(connection)
    if run is not None:
        execute_all(connection, "publish", ("forget_in_reports", "forget_in_jobs"), parameters)
    execute_all(connection, "publish", ("drop_documents", "drop_chunks"), parameters)
    for table in SWITCHED:
        connection.execute(sql[f"switch_{table}"], parameters)
    activated = [row[0] for row in connection.execute(sql["activated"])]
    is_big = len(activated) > MANY_DOCUMENTS
    if is_big:
        connection.execute(sql["analyse_documents"])
    mark_near_duplicates(connection, scope)
    affected = affected_documents(connection, scope) if has_new_names else []
    connection.execute(sql["remember_old_aliases"], {**parameters, "documents": affected})
    connection.execute(sql["remember_old_relations"], {**parameters, "documents": affected})
    _forget_stated(connection, scope, affected)
    reannotated = annotate_documents(connection, scope, activated, affected)
    resolve_touched(connection, scope, resolve=resolve)
    if is_big:
        connection.execute(sql["analyse_names"])
    if has_new_names:
        connection.execute(sql["move_names_version"], parameters)
    execute_all(connection, "publish", ("mark_documents", "forget_staged_deletions"), parameters)
    return _count(connection, reannotated)


def _forget_stated(connection: Connection, scope: Scope, documents: Sequence[int]) -> None:
    parameters = {**scope.parameters, "documents": list(documents)}
    execute_all(connection, "mentions", ("remember_stated", "forget_stated"), parameters)


def execute_all(
    connection: Connection, file: str, statements: Sequence[str], parameters: dict[str, Any] | None = None
) -> None:
    """Run named statements in order; without parameters a statement may hold several commands."""
    sql = load(file)
    for statement in statements:
        connection.execute(sql[statement], parameters)


def _count(connection: Connection, reannotated: int) -> DeltaReport:
    sql = load("publish")
    outcomes = connection.execute(sql["outcomes"]).fetchall()
    by_outcome = Counter(row[0] for row in outcomes)
    moved = connection.execute(sql["count_moved"]).fetchone()
    assert moved is not None
    return DeltaReport(
        indexed=by_outcome[Outcome.INDEXED],
        duplicates=by_outcome[Outcome.DUPLICATE],
        skipped=by_outcome[Outcome.SKIPPED],
        failed=by_outcome[Outcome.FAILED],
        untranslated=sum(bool(reason) for outcome, _, reason in outcomes if outcome == Outcome.INDEXED),
        deleted=moved[0],
        chunks_added=moved[1],
        chunks_reannotated=reannotated,
        reasons=tuple((key, reason) for outcome, key, reason in outcomes if outcome != Outcome.INDEXED or reason),
    )


def _report(stored: dict[str, Any]) -> DeltaReport:
    reasons = tuple((key, reason) for key, reason in stored["reasons"])
    return DeltaReport(**{name: value for name, value in stored.items() if name != "reasons"}, reasons=reasons)
