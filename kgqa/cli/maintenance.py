"""`kgqa check` and `kgqa maintain`: whether both stores agree, and what a running system needs every night."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from kgqa.cli.shared import JsonOption, err, out, services
from kgqa.settings import load_settings


def check(*, as_json: JsonOption = False) -> None:
    """Check that all that is counted or linked agrees with what it came from, in both stores. Changes nothing.

    Reads the record whole, in one snapshot, and compares the graph with it. Ends with 1 when something is wrong.
    """
    from kgqa.maintenance import check_stores
    from kgqa.rendering import print_findings

    with services(load_settings()) as built:
        found = check_stores(built, lambda part, is_wrong: err.print(f"{'FAIL' if is_wrong else 'ok  '} {part}"))
    if as_json:
        print(json.dumps({"record": [asdict(f) for f in found.findings], "graph": found.graph.summary()}))
    else:
        print_findings(found.findings, found.graph.summary(), out)
    if not found.is_whole:
        raise typer.Exit(1)


def maintain(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(help="resolve, retention, statistics, check. Default: all, in this order.", metavar="TASK"),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Do what is due every night: resolve names that wait, drop what is too old, bring statistics up to date, check.

    Questions and changes go on meanwhile, and any task can be run again. How long things are kept: KGQA_RETENTION__*
    (docs/settings.md). Ends with 1 when the check finds something. For cron or Dagster: docs/maintenance.md.
    """
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready
    from kgqa.maintenance import TASKS, chosen

    wanted = chosen(tasks or [])
    settings = load_settings()
    endpoints = ready(settings, err)
    said: dict[str, dict[str, object]] = {}
    has_failed = False
    with build_services(settings, endpoints) as built:
        for name in wanted:
            report = TASKS[name](built, endpoints)
            said[name] = asdict(report)
            has_failed |= bool(report.problems)
            counts = ", ".join(f"{what} {number}" for what, number in report.counts.items())
            (err if as_json else out).print(f"{'FAIL' if report.problems else 'ok  '} {name}: {counts or 'nothing'}")
            for problem in report.problems:
                (err if as_json else out).print(f"     {escape(problem)}")
    if as_json:
        print(json.dumps(said))
    if has_failed:
        raise typer.Exit(1)
