"""One asset for each nightly task, over services that a resource opens once for a run.

    entities ───┬─▶ statistics ─▶ consistency
    retention ──┘

The check comes last, so that it sees what the others did; one that finds something fails its asset, and so the run.
"""

# no annotations as text: Dagster looks at that of `context`

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import cast

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    Failure,
    InitResourceContext,
    MaterializeResult,
    ResourceDefinition,
    asset,
)
from rich.console import Console

from kgqa.bootstrap import Services, build_services
from kgqa.demo import ready
from kgqa.embedded.stack import Endpoints
from kgqa.maintenance import TASKS
from kgqa.settings import load_settings

#: asset -> (task of kgqa.maintenance, assets that come before it)
GRAPH: dict[str, tuple[str, Sequence[str]]] = {
    "entities": ("resolve", ()),
    "retention": ("retention", ()),
    "statistics": ("statistics", ("entities", "retention")),
    "consistency": ("check", ("entities", "retention", "statistics")),
}
GROUP = "nightly"
#: key of the resource
SERVERS = "servers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Servers that are up, and what is built on them."""

    services: Services
    endpoints: Endpoints


Connect = Callable[[], AbstractContextManager[Servers]]


@contextmanager
def connected() -> Generator[Servers]:
    """The servers that the settings name, with a record that is migrated."""
    settings = load_settings()
    endpoints = ready(settings, Console(stderr=True))
    with build_services(settings, endpoints) as services:
        yield Servers(services=services, endpoints=endpoints)


def servers(connect: Connect = connected) -> ResourceDefinition:
    """The resource of all assets; closed at the end of a run."""

    def opened(_context: InitResourceContext) -> Generator[Servers]:
        with connect() as found:
            yield found

    return ResourceDefinition(resource_fn=contextmanager(opened), description="PostgreSQL, Neo4j, and services on them")


def nightly_assets() -> list[AssetsDefinition]:
    """All assets."""
    return [_nightly_asset(name, task, before) for name, (task, before) in GRAPH.items()]


def _nightly_asset(name: str, task: str, before: Sequence[str]) -> AssetsDefinition:
    do = TASKS[task]

    @asset(
        name=name,
        deps=list(before),
        group_name=GROUP,
        required_resource_keys={SERVERS},
        description=f"`kgqa maintain {task}`. {do.__doc__}",
    )
    def run(context: AssetExecutionContext) -> MaterializeResult:
        here = cast("Servers", getattr(context.resources, SERVERS))
        report = do(here.services, here.endpoints)
        counts = dict(report.counts)
        if report.problems:
            raise Failure(
                description="\n".join(report.problems),
                metadata={**counts, "problems": list(report.problems)},
                allow_retries=False,
            )
        return MaterializeResult(metadata=counts)

    return run
