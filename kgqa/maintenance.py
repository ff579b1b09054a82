"""What a running system needs every night. Each task is safe to repeat, and to run beside questions and changes.

    resolve      what a deletion that was cut off has left hidden goes, names that wait become entities, and the graph
                 is brought up to the record
    retention    what is older than the settings say goes: jobs, conversations, runs and what they left staged
    statistics   the planner's statistics, and vector indexes that a grown collection needs
    check        both stores, worked out again from what they came from; last, so that it sees what the others did

`kgqa maintain` runs them in this order; `schedule/` runs the same functions as Dagster assets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kgqa.adapters.neo4j.content import Difference
from kgqa.adapters.postgres.check import Finding
from kgqa.adapters.postgres.retention import Ages, analyse_record, drop_old
from kgqa.adapters.postgres.vector_indexes import ensure_vector_indexes
from kgqa.bootstrap import Services
from kgqa.embedded.jars import ensure_jars
from kgqa.embedded.stack import Endpoints
from kgqa.errors import InvalidInput
from kgqa.processes import run_spark_job

#: names of one collection that are resolved in this process; more are resolved by Spark, as after an ingest
MANY_NAMES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a task did."""

    #: how many of what
    counts: Mapping[str, int]
    #: what does not hold; a task that says something here has failed
    problems: tuple[str, ...] = ()


Task = Callable[[Services, Endpoints], Report]
#: told of each part of the check whether something was found
Watch = Callable[[str, bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """What does not hold in the record, and how the graph differs from it."""

    findings: tuple[Finding, ...]
    graph: Difference

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings and not self.graph


def check_stores(services: Services, watch: Watch = lambda _part, _is_wrong: None) -> Consistency:
    """Check the active generation in both stores; changes nothing."""
    generation = services.store.generation().id
    findings: list[Finding] = []
    for name, found in services.store.check(generation):
        watch(f"record: {name}", bool(found))
        findings += found
    graph = services.graph.compare(generation)
    watch("graph", bool(graph))
    return Consistency(findings=tuple(findings), graph=graph)


def check(services: Services, endpoints: Endpoints) -> Report:
    """`check_stores` as a task."""
    del endpoints
    found = check_stores(services)
    problems = [f"record: {f.rows} x {f.what} ({f.check}), for example {f.example}" for f in found.findings]
    problems += [f"graph: {found.graph.summary()}"] if found.graph else []
    counts = {"record": sum(f.rows for f in found.findings), "graph": int(bool(found.graph))}
    return Report(counts=counts, problems=tuple(problems))


def resolve(services: Services, endpoints: Endpoints) -> Report:
    """In every collection what is hidden goes, and names without an entity get one; then the graph is projected."""
    del endpoints
    store, removed, resolved = services.store, 0, 0
    for collection in store.collection_names():
        removed += store.remove_hidden(collection)
        waiting, _ = store.count_waiting(collection)
        if waiting > MANY_NAMES:
            settings = services.settings
            ensure_jars("spark", settings.cache, repository=settings.maven_repository)
            run_spark_job("resolve", ["--collection", collection], settings)
        elif waiting:
            store.resolve(collection)
        resolved += waiting
    projected = 0
    while done := services.graph.project():
        projected += done
    return Report(counts={"removed": removed, "names": resolved, "projected": projected})


def statistics(services: Services, endpoints: Endpoints) -> Report:
    """Statistics of every table, and the vector indexes that are missing."""
    del services
    tables = analyse_record(endpoints.postgres_owner_url)
    made = ensure_vector_indexes(endpoints.postgres_owner_url)
    return Report(counts={"tables": tables, "vector_indexes": len(made)})


def retention(services: Services, endpoints: Endpoints) -> Report:
    """Remove what is older than `KGQA_RETENTION__*` says."""
    kept = services.settings.retention
    ages = Ages(
        jobs=kept.jobs_days,
        conversations=kept.conversations_days,
        runs=kept.runs_days,
        staged=kept.staged_days,
        audit=kept.audit_days,
    )
    return Report(counts=drop_old(endpoints.postgres_owner_url, ages))


#: in the order in which they run
TASKS: Mapping[str, Task] = {"resolve": resolve, "retention": retention, "statistics": statistics, "check": check}


def chosen(names: Sequence[str]) -> list[str]:
    """These tasks, each once, in the order in which they run; none named: all. Raises InvalidInput."""
    if unknown := [name for name in names if name not in TASKS]:
        raise InvalidInput(f"There is no task {unknown[0]!r}.", hint=f"tasks: {', '.join(TASKS)}.")
    return [name for name in TASKS if name in names or not names]
