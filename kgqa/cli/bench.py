"""`kgqa bench`: long runs that no test has the time for."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from kgqa.cli.shared import JsonOption, err, out
from kgqa.settings import load_settings

bench = typer.Typer(no_args_is_help=True, help="Long runs on real servers.")


@bench.command("soak")
def soak(
    operations: Annotated[int, typer.Option(min=1, help="Changes of the lake.")] = 500,
    seed: Annotated[int, typer.Option(help="Which program; the same seed is the same program.")] = 1,
    compare_every: Annotated[int, typer.Option(min=1, help="Compare the stores after every so many.")] = 100,
    kills: Annotated[float, typer.Option(min=0, max=1, help="Share of the rounds in which something is killed.")] = 0.4,
    *,
    as_json: JsonOption = False,
) -> None:
    """Change a lake at random while servers, the worker and a stream are killed, and compare it with a fresh ingest.

    Uploads, edits, deletions, moves and changes of access run as jobs or come as document events through Kafka, some
    of them twice or late; the worker, the stream's Spark driver, PostgreSQL, Neo4j, Redis or the Kafka broker is killed
    meanwhile. Use a KGQA_HOME of its own, new or of the same seed: a run that was cut off goes on there.
    Ends with 1 when the stores differ from what a fresh ingest of the same lake gives.
    """
    from kgqa.demo import ready
    from kgqa.soak.run import Progress, Soak, play

    settings = load_settings()
    run = Soak(settings, ready(settings, err), seed=seed, kill_share=kills)

    def report(progress: Progress) -> None:
        if as_json:
            print(json.dumps(asdict(progress)), flush=True)
        else:
            killed = ", ".join(f"{name} {count}" for name, count in sorted(progress.kills.items())) or "nothing yet"
            where = f"{progress.operations} of {operations} operations, {progress.documents} documents"
            err.print(f"{where}, {progress.seconds:.0f} s; killed: {killed}")

    found = play(run, operations, compare_every, report)
    if as_json:
        print(json.dumps({"operations": operations, "kills": run.kills, "differences": found}))
    else:
        out.print(f"{operations} operations, {sum(run.kills.values())} kills: {'differs' if found else 'the same'}")
        for line in found:
            out.print(f"  {line}", markup=False)
    if found:
        raise typer.Exit(1)
