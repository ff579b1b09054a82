"""The assets in this process, on a real record and a real graph: they do what `kgqa maintain` does."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.bootstrap import build_services
from kgqa.embedded.stack import Endpoints
from kgqa.maintenance import check
from kgqa.settings import ModelSettings, Settings
from schedule.assets import GRAPH, Servers
from schedule.definitions import JOB, nightly
from tests.integration.conftest import Database, own_generation
from tests.integration.postgres.conftest import COLLECTION, make_delta
from tests.integration.spark.lake import on_database


@dataclass(slots=True)
class Night:
    """Runs of the job over servers of this test, on an instance that is gone afterwards."""

    settings: Settings
    servers: Servers
    instance: DagsterInstance
    opened: int = 0
    closed: int = 0
    results: list[ExecuteInProcessResult] = field(default_factory=list)

    @contextmanager
    def connect(self) -> Generator[Servers]:
        self.opened += 1
        yield self.servers
        self.closed += 1

    def run(self) -> ExecuteInProcessResult:
        job = nightly(self.settings, self.connect).resolve_job_def(JOB)
        return job.execute_in_process(instance=self.instance, raise_on_error=False)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.servers.endpoints.postgres_owner_url) as owner:
            assert owner.execute(statement.encode()).rowcount


@pytest.fixture
def night(endpoints: Endpoints, database: Database, tmp_path: Path) -> Iterator[Night]:
    generation = own_generation(database.owner_url)
    settings = Settings(home=tmp_path, models=ModelSettings(encoder="hashing", ranker="none", judges="none"))
    here = on_database(endpoints, database)
    with (
        open_driver(here.neo4j_url, here.neo4j_user, here.neo4j_password) as driver,
        build_services(settings, here) as services,
        DagsterInstance.ephemeral(settings={"telemetry": {"enabled": False}}) as instance,
    ):
        apply_schema(driver)
        run = services.store.start_run(COLLECTION, {})
        services.store.stage(
            run, [make_delta("a", "Kestrel Seals makes Seal Kit."), make_delta("b", "Ivy Marsh signed.")]
        )
        services.store.publish(run, resolve=False)
        yield Night(settings, Servers(services=services, endpoints=here), instance)
        wipe(driver, generation)


def metadata(result: ExecuteInProcessResult, asset: str) -> Mapping[str, object]:
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == AssetKey(asset)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_a_night_does_what_is_due_and_says_how_much(night: Night) -> None:
    store = night.servers.services.store
    waiting, _ = store.count_waiting(COLLECTION)
    assert waiting
    night.execute(
        "insert into job (kind, idempotency_key, requested_by, state, updated_at)"
        " values ('k', 'k', 'user:ivy', 'done', now() - interval '31 days')"
    )
    result = night.run()
    assert result.success
    assert [e.asset_key.to_user_string() for e in result.get_asset_materialization_events()][-1] == "consistency"
    assert metadata(result, "entities")["names"] == waiting
    assert metadata(result, "retention")["jobs"] == 1
    assert int(str(metadata(result, "statistics")["tables"])) > 30
    assert metadata(result, "consistency") == {"record": 0, "graph": 0}
    assert store.count_waiting(COLLECTION)[0] == 0
    assert (night.opened, night.closed) == (1, 1)


def test_a_check_that_finds_something_fails_its_asset_and_the_run(night: Night) -> None:
    assert night.run().success
    night.execute("update entity set aliases = aliases + 1")
    problems = check(night.servers.services, night.servers.endpoints).problems
    result = night.run()
    assert not result.success
    done = {e.asset_key.to_user_string() for e in result.get_asset_materialization_events()}
    assert done == set(GRAPH) - {"consistency"}
    (failed,) = [e for e in result.all_node_events if e.is_step_failure]
    assert failed.step_key == "consistency"
    said = failed.step_failure_data.user_failure_data
    assert said is not None
    assert said.description == "\n".join(problems)
    assert said.metadata["problems"].value == list(problems)
    assert (night.opened, night.closed) == (2, 2)
