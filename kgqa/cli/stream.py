"""`kgqa stream`: collections that follow a Kafka topic of document events, or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from kgqa.cli.shared import CollectionOption, JsonOption, err, out
from kgqa.settings import Settings, load_settings

stream = typer.Typer(
    no_args_is_help=True,
    help="Keep collections as their sources are: follow a Kafka topic of document events, or a folder."
    " Stops with Ctrl-C; the same command goes on where it stopped.",
)

TopicOption = Annotated[str, typer.Option("--topic", "-t", help="Topic of document events.")]
ServersOption = Annotated[
    str,
    typer.Option(
        "--bootstrap-servers",
        "-b",
        help="Kafka brokers (host:port,...). Default: KGQA_KAFKA__BOOTSTRAP_SERVERS, else a broker on this machine.",
    ),
]
OnceOption = Annotated[bool, typer.Option("--once", help="Apply everything that is there now, then end.")]


@stream.command()
def kafka(
    topic: TopicOption,
    bootstrap_servers: ServersOption = "",
    dead_letter: Annotated[
        str, typer.Option(help="Topic of messages that cannot be used. Default: TOPIC.dead-letters.")
    ] = "",
    *,
    once: OnceOption = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Read the topic from its beginning again; what was applied stays.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply the document events of a topic (docs/streaming.md says what an event is).

    Events may come late, twice or in any order: of each document the highest version counts. Messages that are no
    events, and documents that cannot be read, go to the dead-letter topic with the reason; the stream goes on.
    """
    from kgqa.embedded.jars import ensure_jars

    settings = _with_servers(load_settings(), bootstrap_servers)
    ensure_jars("spark-kafka", settings.cache, repository=settings.maven_repository)
    arguments = ["--topic", topic]
    arguments += ["--dead-letter", dead_letter] if dead_letter else []
    arguments += ["--once"] if once else []
    arguments += ["--from-start"] if from_start else []
    _run("stream-kafka", arguments, settings, as_json=as_json)


@stream.command()
def folder(
    path: Annotated[Path, typer.Argument(help="Folder of documents.", exists=True, file_okay=False)],
    collection: CollectionOption = "default",
    access: Annotated[
        Path | None, typer.Option(help="Access lists (JSON); default: _access.json in the folder.", exists=True)
    ] = None,
    *,
    once: OnceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Keep a collection as a folder is: new and changed files are read, and files that left are deleted.

    A file that is still being written waits until two listings in a row see it alike. Only documents that were read
    from this folder are ever deleted; nothing is deleted while the folder is not there.
    """
    arguments = ["--source", str(path.absolute()), "--collection", collection]
    arguments += ["--access", str(access.absolute())] if access else []
    arguments += ["--once"] if once else []
    _run("stream-folder", arguments, load_settings(), as_json=as_json)


@stream.command()
def send(
    file: Annotated[Path, typer.Argument(help="Events, one JSON object a line.", exists=True, dir_okay=False)],
    topic: TopicOption,
    bootstrap_servers: ServersOption = "",
    *,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Send lines as they are, to see them in the dead-letter topic.")
    ] = False,
) -> None:
    """Send document events to a topic: for trying out, and as an example of a publisher."""
    from kgqa.adapters.kafka.topics import Letter, ensure_topic
    from kgqa.adapters.kafka.topics import send as send_letters
    from kgqa.embedded.stack import Stack
    from kgqa.errors import InvalidInput
    from kgqa.ingest.events import read_message

    def letters() -> Iterator[Letter]:
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            if not line.strip():
                continue
            key = None
            if not unchecked:
                try:
                    key = str(read_message(line)["key"]).encode()
                except InvalidInput as problem:
                    raise InvalidInput(
                        f"Line {number} of {file.name}: {problem.message}", hint="`--unchecked` sends it all the same."
                    ) from None
            yield Letter(value=line, key=key)

    settings = _with_servers(load_settings(), bootstrap_servers)
    checked = list(letters())
    broker = Stack(settings).broker()
    ensure_topic(broker, topic, make=not settings.kafka.bootstrap_servers)
    err.print(f"sent {send_letters(broker, topic, checked)} events to {topic}.")


def _with_servers(settings: Settings, servers: str) -> Settings:
    if not servers:
        return settings
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": servers})})


def _run(job: str, arguments: Sequence[str], settings: Settings, *, as_json: bool) -> None:
    from kgqa.demo import ready
    from kgqa.embedded.jars import ensure_jars
    from kgqa.processes import run_spark_job

    ready(settings, err)
    ensure_jars("spark", settings.cache, repository=settings.maven_repository)
    if not as_json:
        err.print("starting Spark; Ctrl-C stops the stream ...")

    def show(message: Mapping[str, object]) -> None:
        if as_json:
            print(json.dumps(message, default=str), flush=True)
        else:
            _print_line(message)

    environment = {"KGQA_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers}
    try:
        report = run_spark_job(job, arguments, settings, on_line=show, extra=environment)
    except KeyboardInterrupt:
        err.print("stopped; the same command goes on from here.")
        return
    if as_json:
        print(json.dumps({"report": report}, default=str))
        return
    outcomes = cast("Mapping[str, int]", report.get("outcomes", {}))
    err.print(f"{report.get('batches')} batches; {_counts(outcomes) or 'nothing new'}.")
    if report.get("waiting"):
        err.print(f"{report['waiting']} files were still being written; run it again for them.")


def _print_line(message: Mapping[str, object]) -> None:
    if warning := message.get("warning"):
        err.print(f"warning: {cast('Mapping[str, str]', warning)['message']}", markup=False)
        return
    batch = cast("Mapping[str, Any]", message["batch"])
    lag = f", {batch['lagSeconds']:.1f} s behind" if batch["lagSeconds"] is not None else ""
    letters = f", {batch['deadLetters']} dead letters" if batch["deadLetters"] else ""
    counts = _counts(batch["outcomes"])
    name = "at once" if batch["ahead"] else f"batch {batch['number']}"
    out.print(f"{name}: {counts or 'nothing new'}{letters}{lag} ({batch['seconds']['all']:.1f} s)")
    for key, reason in batch["reasons"][:5]:
        out.print(f"  {key}: {reason}", markup=False)


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
