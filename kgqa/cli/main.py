"""The command line. Data goes to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from kgqa import __version__
from kgqa.cli.bench import bench
from kgqa.cli.collections import collections
from kgqa.cli.deletion import delete
from kgqa.cli.erasure import erase, verify_erased
from kgqa.cli.evaluate import evaluate
from kgqa.cli.generations import generations, reindex
from kgqa.cli.maintenance import check, maintain
from kgqa.cli.models import models
from kgqa.cli.shared import AsOption, CollectionOption, JsonOption, err, out, services
from kgqa.cli.stream import stream
from kgqa.errors import InvalidInput, KgqaError, NotFound
from kgqa.logs import configure_logs
from kgqa.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Questions over an organisation's documents, answered with citations that hold.",
    epilog="Start with `kgqa demo`. Settings: docs/settings.md. Servers start by themselves and live in KGQA_HOME.",
)
app.add_typer(evaluate, name="eval")
app.add_typer(bench, name="bench")
app.add_typer(models, name="models")
app.add_typer(collections, name="collection")
app.add_typer(stream, name="stream")
app.add_typer(generations, name="generation")

#: exit codes by error code; 1 for the rest
EXIT_CODES = {
    "INVALID_INPUT": 64, "NOT_FOUND": 66, "CONFLICT": 73, "DEPENDENCY_UNAVAILABLE": 75, "GENERATION_MOVED": 75,
    "CONFIGURATION": 78,
}  # fmt: skip


def main() -> None:
    """Entry point: one line for an expected error, with what to do next."""
    try:
        app()
    except KgqaError as problem:
        err.print(f"[bold red]error:[/] {escape(problem.message)}")
        if problem.hint:
            err.print(f"[bold]hint:[/] {escape(problem.hint)}")
        sys.exit(EXIT_CODES.get(problem.code, 1))
    except KeyboardInterrupt:
        err.print("interrupted; nothing that was acknowledged is lost, run the same command to go on")
        sys.exit(130)


def _version(value: bool) -> None:  # noqa: FBT001 - the shape of a Typer callback
    if value:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def start(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False
) -> None:
    """Read settings and set up logs before any command."""
    del version
    settings = load_settings()
    configure_logs("WARNING" if settings.log_level == "INFO" else settings.log_level, as_json=settings.log_json)


@app.command()
def up() -> None:
    """Start PostgreSQL, Neo4j and Redis in the background, and bring the record's schema up to date."""
    from kgqa.demo import ready

    settings = load_settings()
    endpoints = ready(settings, err, keep=True)
    err.print("up. `kgqa status` shows the servers, `kgqa down` stops them.")
    if endpoints.neo4j_browser_url:
        password = settings.home / "secrets"
        err.print(f"Neo4j Browser: {endpoints.neo4j_browser_url} (user neo4j, password under {password})")


@app.command()
def down() -> None:
    """Stop the embedded servers. Data stays in KGQA_HOME."""
    from kgqa.embedded.stack import Stack

    Stack(load_settings()).down()
    err.print("down.")


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Show each server: process, ports, memory."""
    from kgqa.embedded.stack import Stack

    found = Stack(load_settings()).status()
    if as_json:
        rows = [{name: getattr(s, name) for name in s.__slots__} for s in found.servers]
        print(json.dumps({"servers": rows, "memoryBytes": found.memory_bytes}, default=list))
        return
    for s in found.servers:
        state = "configured elsewhere" if not s.embedded else f"running, pid {s.pid}" if s.running else "stopped"
        ports = ", ".join(map(str, s.ports))
        out.print(f"{s.name:10} {state:24} ports {ports:14} {s.memory_bytes / 1e6:7.0f} MB")
    out.print(f"{'all':10} {'':24} {'':20} {found.memory_bytes / 1e6:7.0f} MB")


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="postgres, neo4j, redis, spark, api or worker.")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", min=1)] = 40,
) -> None:
    """Print the end of a server's log."""
    folder = load_settings().home / "logs"
    path = folder / f"{server}.log"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.log"))) or "none yet"
        raise NotFound(f"There is no log of {server!r}.", hint=f"logs: {known}")
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]:
        print(line)


@app.command()
def doctor(*, as_json: JsonOption = False) -> None:
    """Check this machine and the servers, and say what to do about what is wrong."""
    from kgqa.embedded.doctor import doctor as examine

    checks = examine(load_settings())
    if as_json:
        print(json.dumps([{name: getattr(c, name) for name in c.__slots__} for c in checks]))
    else:
        for check in checks:
            out.print(f"{'ok  ' if check.ok else 'FAIL'} {check.name:22} {check.detail}")
            if not check.ok and check.hint:
                out.print(f"     hint: {check.hint}")
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the record's schema up to date."""
    from kgqa.demo import ready

    ready(load_settings(), err)
    err.print("the record is up to date.")


@app.command()
def ingest(
    source: Annotated[
        str, typer.Argument(help="Folder of documents, or a BEIR folder, or a lake: s3://, az://, abfs://, hdfs://.")
    ],
    collection: CollectionOption = "default",
    access: Annotated[
        Path | None, typer.Option(help="Access lists (JSON); default: those of last time, else _access.json.")
    ] = None,
    dictionary: Annotated[Path | None, typer.Option(help="Domain dictionary (JSON) of the collection.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Read unchanged documents again.")] = False,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="Delete what is gone even if that is most of the source.")
    ] = False,
    keep_missing: Annotated[bool, typer.Option("--keep-missing", help="Delete nothing that is gone.")] = False,
    make_public: Annotated[
        bool, typer.Option("--make-public", help="The source has no access list any more: everybody may read it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read a lake of documents with Spark. Unchanged documents are skipped; an interrupted run resumes.

    Credentials of object stores come from the environment or KGQA_LAKES__OPTIONS, never from the URI (docs/lakes.md).

    Documents of this source that are no longer there are deleted, unless so much is gone that the source is probably
    not mounted. A source keeps its access list: if that is gone, nothing is read.
    """
    from kgqa.adapters.postgres.vector_indexes import ensure_vector_indexes
    from kgqa.bootstrap import build_lake
    from kgqa.demo import ingest_folder, ready
    from kgqa.rendering import index_bars, print_report

    if allow_deletions and keep_missing:
        raise InvalidInput("--allow-deletions and --keep-missing exclude each other.")
    settings = load_settings()
    build_lake(settings, source)  # a slip is said before servers start
    endpoints = ready(settings, err)
    flags = {"--allow-deletions": allow_deletions, "--keep-missing": keep_missing, "--make-public": make_public}
    report = ingest_folder(
        settings, source, collection=collection, access=access, dictionary=dictionary, force=force,
        options=[flag for flag, is_set in flags.items() if is_set], console=err,
    )  # fmt: skip
    with index_bars(err) as watcher:
        ensure_vector_indexes(endpoints.postgres_owner_url, watcher=watcher)
    if as_json:
        print(json.dumps(report, default=str))
    else:
        print_report(report, out)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    collection: CollectionOption = "default",
    principal: AsOption = "public",
    *,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show why each citation is there, all evidence, and timings."),
    ] = False,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Show masked personal data that the principal may see.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question with citations, from what the principal may read."""
    from kgqa.ask.pipeline import answer
    from kgqa.rendering import answer_json, print_answer

    with services(load_settings()) as built:
        caller = built.policy.caller(principal)
        result = answer(question, caller, collection, built.ask_services(collection))
        if unmask:
            result = built.reveal(caller, collection, result)
    if as_json:
        print(json.dumps(answer_json(result), ensure_ascii=False))
    else:
        print_answer(result, out, explain=explain)


@app.command()
def principals(
    file: Annotated[Path, typer.Argument(help='JSON: {"user:ivy": ["group:internal"]}', exists=True)],
) -> None:
    """Say who belongs to which groups (replaces what was said before)."""
    with services(load_settings()) as built:
        members = json.loads(file.read_text(encoding="utf-8"))
        built.policy.set_principals(members)
    err.print(f"{len(members)} principals.")


@app.command("rebuild-graph")
def rebuild_graph() -> None:
    """Drop the Neo4j projection and build it again from the record."""
    with services(load_settings()) as built:
        generation = built.store.generation().id
        built.graph.rebuild(generation)
        counts = built.graph.counts(generation)
    err.print(f"rebuilt: {dict(counts.nodes)} {dict(counts.relationships)}")


@app.command()
def serve() -> None:
    """Run the API and a worker in the foreground until Ctrl-C."""
    from kgqa.demo import serving

    settings = load_settings()
    with serving(settings, err) as url:
        err.print(f"GraphQL: {url}/graphql   (Ctrl-C stops it)")
        import signal

        signal.pause()


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave servers, API and worker running until Ctrl-C.")] = False,
) -> None:
    """Set everything up, ingest the examples and answer three questions over the GraphQL API."""
    from kgqa.demo import run_demo

    raise typer.Exit(run_demo(load_settings(), err, out, keep=keep))


for command in (check, maintain, delete, erase, verify_erased, reindex):
    app.command()(command)
