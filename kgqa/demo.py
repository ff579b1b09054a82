"""The demo, and what other commands share with it: servers that are ready, an ingest with progress, a served API."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kgqa.adapters.lakes.objects import scheme_of
from kgqa.embedded.jars import ensure_jars
from kgqa.embedded.models import ENCODER, ensure_encoder
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import DependencyUnavailable, NotFound
from kgqa.processes import run_spark_job, running_module
from kgqa.rendering import place, print_report
from kgqa.settings import Settings

COLLECTION = "examples"
EXAMPLES = Path(__file__).parent.parent / "examples"
#: of examples/questions.jsonl: one over three documents, one in Spanish, one that cannot be answered
DEMO_QUESTIONS = 3
_API_START_SECONDS = 60

ASK = """
query Ask($question: String!, $collection: String!) {
  ask(question: $question, collection: $collection) {
    answer short abstained warnings
    citations { n quote page seconds headingPath start end document { id title uri } }
    evidence { paths { label } }
  }
}
"""


def ready(settings: Settings, console: Console, *, keep: bool = True) -> Endpoints:
    """Servers up, software and models in place, schema current. `keep`: they outlive whoever started them."""
    from kgqa.adapters.neo4j.admin import apply_schema
    from kgqa.adapters.neo4j.driver import open_driver
    from kgqa.adapters.postgres.migrate import migrate

    stack = Stack(settings)
    endpoints = stack.endpoints()
    started = endpoints is None
    if endpoints is None:
        console.print("starting PostgreSQL, Neo4j and Redis (the first time their software is fetched) ...")
        endpoints = stack.up()
    elif keep:
        stack.up()
    if settings.models.encoder == ENCODER:
        ensure_encoder(settings.cache)
    if migrate(endpoints.postgres_owner_url) or started:
        with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
            apply_schema(driver)
    return endpoints


def ingest_folder(
    settings: Settings,
    source: Path | str,
    *,
    collection: str,
    access: Path | None = None,
    dictionary: Path | None = None,
    force: bool = False,
    options: Sequence[str] = (),
    console: Console,
) -> Mapping[str, object]:
    """Run the Spark ingest as a child process and draw its progress. `options` are further ones of the job.

    `source` is a folder, or the URI of a lake.
    """
    place = str(source) if scheme_of(str(source)) else str(Path(source).absolute())
    arguments = ["--source", place, "--collection", collection]
    arguments += ["--access", str(access.absolute())] if access else []
    arguments += ["--dictionary", str(dictionary.absolute())] if dictionary else []
    arguments += ["--force"] if force else []
    arguments += options
    return drawn_job("ingest", arguments, settings, console)


def drawn_job(job: str, arguments: Sequence[str], settings: Settings, console: Console) -> Mapping[str, object]:
    """Run a Spark job to its end as a child process, drawing its progress; its report."""
    ensure_jars("spark", settings.cache, repository=settings.maven_repository)
    columns = (SpinnerColumn(), TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), TimeElapsedColumn(), console=console) as progress:
        tasks: dict[str, object] = {}

        def show(message: Mapping[str, object]) -> None:
            stage = str(message["stage"])
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=None, note="")
            failed = int(str(message.get("failed") or 0))
            done = int(str(message.get("done") or 0))
            total = message["total"] if message.get("total") is not None else None
            if "seconds" in message:
                total = done  # ended: the clock of its line stops
            progress.update(
                tasks[stage],  # pyright: ignore[reportArgumentType] - rich's TaskID is an int
                completed=done,
                total=None if total is None else int(str(total)),
                note=f"{failed} failed" if failed else "",
            )

        return run_spark_job(job, arguments, settings, on_progress=show)


@contextmanager
def serving(settings: Settings, console: Console) -> Generator[str]:
    """The API and a worker, until the block ends; yields the API's base URL."""
    ready(settings, console)
    logs = settings.home / "logs"
    port_file = settings.home / "run" / "api.port"
    port_file.unlink(missing_ok=True)
    with (
        running_module("api", [], settings, logs / "api.log") as api,
        running_module("api.worker", [], settings, logs / "worker.log"),
    ):
        deadline = time.monotonic() + _API_START_SECONDS
        while True:
            if api.poll() is not None or time.monotonic() > deadline:
                raise DependencyUnavailable("The API did not start.", hint=f"see {logs / 'api.log'}")
            if port_file.exists():
                url = f"http://{settings.api.host}:{port_file.read_text(encoding='utf-8').strip()}"
                try:
                    if httpx.get(f"{url}/health/ready", timeout=5).is_success:
                        break
                except httpx.HTTPError:
                    pass
            time.sleep(0.1)
        yield url


def run_demo(settings: Settings, console: Console, out: Console, *, keep: bool) -> int:
    """From nothing to three cited answers; 0 when all of them were as they should be."""
    if not EXAMPLES.exists():
        raise NotFound("The examples are not installed.", hint="run the demo from a checkout of the repository.")
    stages: list[tuple[str, float]] = []
    stack = Stack(settings)
    was_up = stack.endpoints() is not None
    try:
        with _stage("servers", stages, console):
            endpoints = ready(settings, console)
        with _stage("ingest", stages, console):
            report = ingest_folder(
                settings,
                EXAMPLES / "lake",
                collection=COLLECTION,
                dictionary=EXAMPLES / "dictionary.json",
                console=console,
            )
        print_report(report, console)
        started = time.perf_counter()
        with serving(settings, console) as url:
            stages.append(("api", time.perf_counter() - started))
            with _stage("questions", stages, console):
                right = [_ask(url, question, out) for question in demo_questions()]
            for name, seconds in stages:
                console.print(f"{name:10} {seconds:7.1f} s")
            _where_next(url, endpoints, settings, console)
            if keep:
                import signal

                console.print("running until Ctrl-C")
                signal.pause()
    finally:
        if not (keep or was_up):
            stack.down()
    return 0 if all(right) else 1


@contextmanager
def _stage(name: str, stages: list[tuple[str, float]], console: Console) -> Generator[None]:
    console.print(f"[bold]{name}[/]")
    start = time.perf_counter()
    yield
    stages.append((name, time.perf_counter() - start))


def demo_questions() -> list[Mapping[str, object]]:
    """Three questions that anybody may ask: over three documents, in Spanish, and without an answer."""
    lines = (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    public = [q for q in map(json.loads, lines) if q["as"] == "public"]
    hardest = next(q for q in public if q["hops"] == 3 and q["language"] == "en")
    spanish = next(q for q in public if q["language"] == "es" and q["hops"] > 0)
    unanswerable = next(q for q in public if q["hops"] == 0 and q["language"] == "en")
    return [hardest, spanish, unanswerable]


def _ask(url: str, question: Mapping[str, object], out: Console) -> bool:
    """Ask over HTTP, print, and say whether the answer is one of the accepted ones (or rightly none)."""
    variables = {"question": question["question"], "collection": COLLECTION}
    reply = httpx.post(f"{url}/graphql", json={"query": ASK, "variables": variables}, timeout=120).json()
    if reply.get("errors"):
        raise DependencyUnavailable(f"The API answered with an error: {reply['errors'][0]['message']}")
    answer = reply["data"]["ask"]
    out.print(f"\n[bold cyan]{escape(str(question['question']))}[/]")
    out.print(escape(answer["answer"]))
    for c in answer["citations"]:
        where = place(c["headingPath"], c["page"], c["seconds"])
        out.print(escape(f"  [{c['n']}] {c['document']['title']}" + (f" ({where})" if where else "")))
        out.print(f"      [italic]{escape(' '.join(c['quote'].split()))}[/]")
    for path in answer["evidence"]["paths"][:3]:
        out.print(f"  [dim]path: {escape(path['label'])}[/]")
    accepted = question["answers"]
    assert isinstance(accepted, list)
    if not accepted:
        return bool(answer["abstained"])
    said = f"{answer['answer']} {answer['short']}".casefold()
    return bool(answer["citations"]) and any(str(a).casefold() in said for a in accepted)


def _where_next(url: str, endpoints: Endpoints, settings: Settings, console: Console) -> None:
    console.print("\nwhere to go next (with `kgqa demo --keep` or `kgqa serve`):")
    console.print(f"  GraphiQL       {url}/graphql")
    if endpoints.neo4j_browser_url:
        console.print(f"  Neo4j Browser  {endpoints.neo4j_browser_url}")
        console.print(f"                 user {endpoints.neo4j_user}, password {endpoints.neo4j_password}")
    console.print(f"  ask            ./run kgqa ask --collection {COLLECTION} 'your question'")
    console.print(f"  data           {settings.home}")
