"""What Dagster loads (`-m schedule.definitions`): the assets, the job over them, and when it runs."""

from __future__ import annotations

from dagster import (
    AssetSelection,
    DagsterInvalidDefinitionError,
    DefaultScheduleStatus,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    definitions,
    in_process_executor,
)

from kgqa.errors import ConfigurationError
from kgqa.settings import Settings, load_settings
from schedule.assets import GROUP, SERVERS, Connect, connected, nightly_assets, servers

JOB = "nightly"


@definitions
def defs() -> Definitions:
    """As the settings say; built when Dagster asks for it, not when this module is imported."""
    return nightly(load_settings())


def nightly(settings: Settings, connect: Connect = connected) -> Definitions:
    """Assets, job and schedule. Raises ConfigurationError for times that are none.

    One process runs all assets of a run: they share connections, and would wait for each other anyway. The schedule is
    on from the start.
    """
    when = settings.schedule
    job = define_asset_job(JOB, selection=AssetSelection.groups(GROUP), executor_def=in_process_executor)
    try:
        schedule = ScheduleDefinition(
            job=job,
            cron_schedule=when.cron,
            execution_timezone=when.timezone,
            default_status=DefaultScheduleStatus.RUNNING,
        )
    except DagsterInvalidDefinitionError as problem:
        raise ConfigurationError(
            f"KGQA_SCHEDULE__CRON={when.cron!r} with KGQA_SCHEDULE__TIMEZONE={when.timezone!r} is no schedule.",
            hint="write five fields, such as `0 3 * * *`, and a name such as `Europe/Oslo`.",
        ) from problem
    return Definitions(
        assets=nightly_assets(),
        jobs=[job],
        schedules=[schedule],
        resources={SERVERS: servers(connect)},
        executor=in_process_executor,
    )
