"""`python -m schedule` runs the nightly tasks at their time, until SIGTERM or Ctrl-C.

`python -m schedule ARGUMENTS` is `python -m dagster ARGUMENTS` with the same settings: DAGSTER_HOME is `dagster` in
KGQA_HOME, and Dagster sends nothing home.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from kgqa.embedded.home import Home
from kgqa.errors import ConfigurationError, KgqaError
from kgqa.settings import Settings, child_environment, load_settings

CONFIGURATION = """\
# Made by `python -m schedule` at each start.
telemetry:
  enabled: false
"""
MODULE = "schedule.definitions"


def main(arguments: Sequence[str]) -> None:
    """Become Dagster; returns only where that fails."""
    try:
        settings = load_settings()
        command = command_of(arguments, settings)
        home = make_home(settings)
    except KgqaError as problem:
        sys.exit(f"error: {problem}")
    # no process in between: a signal reaches Dagster, which ends what it started
    os.execve(sys.executable, command, child_environment({"DAGSTER_HOME": str(home)}))  # noqa: S606


def command_of(arguments: Sequence[str], settings: Settings) -> list[str]:
    """What to run. Raises ConfigurationError without Dagster, or for times that are none."""
    if find_spec("dagster") is None:
        raise ConfigurationError(
            "Dagster is not installed.",
            hint="install kgqa with the extra `schedule`, or use `kgqa maintain` with cron.",
        )
    from schedule.definitions import nightly

    nightly(settings)
    if arguments:
        return [sys.executable, "-m", "dagster", *arguments]
    return [sys.executable, str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", MODULE]


def make_home(settings: Settings) -> Path:
    """DAGSTER_HOME, with its configuration."""
    Home(settings.home).make()
    home = settings.home / "dagster"
    home.mkdir(mode=0o700, exist_ok=True)
    part = home / "dagster.yaml.part"
    part.write_text(CONFIGURATION, encoding="utf-8")
    part.replace(home / "dagster.yaml")
    return home


if __name__ == "__main__":
    main(sys.argv[1:])
