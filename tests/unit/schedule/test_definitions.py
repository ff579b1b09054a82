"""The schedule as Dagster reads it: its order, its time, its home, and that nothing is sent anywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from dagster import AssetKey, DagsterInstance, DefaultScheduleStatus

from kgqa.errors import ConfigurationError
from kgqa.maintenance import TASKS
from kgqa.settings import ScheduleSettings, Settings
from schedule.__main__ import command_of, make_home
from schedule.assets import GRAPH
from schedule.definitions import JOB, defs, nightly


def test_every_task_is_an_asset_and_the_check_comes_after_all_others() -> None:
    assert sorted(task for task, _ in GRAPH.values()) == sorted(TASKS)
    graph = nightly(Settings()).resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(GRAPH)
    others = {AssetKey(name) for name in GRAPH if name != "consistency"}
    assert graph.get(AssetKey("consistency")).parent_keys == others
    assert graph.get(AssetKey("statistics")).parent_keys == {AssetKey("entities"), AssetKey("retention")}


def test_the_schedule_is_on_and_runs_at_three_unless_a_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = nightly(Settings()).resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == ("0 3 * * *", "UTC", JOB)
    assert schedule.default_status is DefaultScheduleStatus.RUNNING
    monkeypatch.setenv("KGQA_SCHEDULE__CRON", "30 1 * * 6")
    monkeypatch.setenv("KGQA_SCHEDULE__TIMEZONE", "Europe/Oslo")
    schedule = defs().resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 1 * * 6", "Europe/Oslo")


@pytest.mark.parametrize("wrong", [{"cron": "at three"}, {"cron": "99 3 * * *"}, {"timezone": "Europe/Nowhere"}])
def test_a_time_that_is_none_is_refused_before_anything_starts(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="KGQA_SCHEDULE__CRON"):
        command_of([], Settings(schedule=ScheduleSettings(**wrong)))


def test_dagster_lives_in_the_home_and_sends_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    home = make_home(settings)
    assert home == settings.home / "dagster"
    assert yaml.safe_load((home / "dagster.yaml").read_text())["telemetry"] == {"enabled": False}
    with DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert Path(instance.root_directory) == home


def test_arguments_are_those_of_dagster_and_none_is_the_scheduler() -> None:
    assert command_of(["asset", "list"], Settings()) == [sys.executable, "-m", "dagster", "asset", "list"]
    program, script, *rest = command_of([], Settings())
    assert (program, rest) == (sys.executable, ["run", "-m", "schedule.definitions"])
    assert Path(script).exists()
