"""`python -m spark ingest --source PLACE --collection NAME`, `resolve`, `rebuild`, `stream-kafka`, `stream-folder`.

The command line calls this as a child process (`kgqa ingest`, re-index jobs) and draws its progress; on a cluster it
is what an operator submits. Progress goes to standard output as JSON lines, or to standard error for a person.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from rich.console import Console

from kgqa.adapters.lakes.folder import local_path
from kgqa.bootstrap import build_lake, build_services
from kgqa.demo import ready
from kgqa.errors import ConfigurationError, InvalidInput, KgqaError
from kgqa.logs import configure_logs
from kgqa.processes import follow_parent
from kgqa.settings import Settings, load_settings
from spark.failures import task_errors
from spark.jobs import ingest_source, project_graph, rebuild_index, resolve_entities
from spark.jobs.detect_deletions import Missing
from spark.jobs.list_sources import read_access
from spark.progress import Mode, Progress
from spark.session import is_local, refuse_unsafe_master, running_session
from spark.streaming import run_folder, run_kafka, watched_folder

#: exit codes by error code, as of the command line; 1 for the rest
EXIT_CODES = {"INVALID_INPUT": 64, "NOT_FOUND": 66, "CONFIGURATION": 78, "DEPENDENCY_UNAVAILABLE": 75, "CONFLICT": 73}

STREAMS = {"stream-kafka": run_kafka, "stream-folder": run_folder}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job; the exit code."""
    options = _parser().parse_args(arguments)
    progress = Progress(options.progress)
    try:
        settings = load_settings()
        follow_parent(settings)
        configure_logs(settings.log_level, as_json=settings.log_json)
        report = _run(options, settings, progress)
    except KgqaError as problem:
        progress.error(problem.code, problem.message, problem.hint)
        sys.stderr.write(f"error: {problem}\n")
        return EXIT_CODES.get(problem.code, 1)
    progress.report(report)
    if options.json:
        sys.stdout.write(json.dumps(report, default=str) + "\n")
    return 0


def _run(options: argparse.Namespace, settings: Settings, progress: Progress) -> dict[str, object]:
    refuse_unsafe_master(settings)
    if not is_local(settings.spark.master) and not settings.postgres.url.get_secret_value():
        raise ConfigurationError(
            "A cluster cannot reach the embedded servers, which listen on this machine only.",
            hint="set KGQA_POSTGRES__URL, KGQA_POSTGRES__PIPELINE_URL and KGQA_NEO4J__URL.",
        )
    request = _request(options, settings) if options.job == "ingest" else None
    if options.job == "stream-folder":
        watched_folder(options)
    # whoever started this job decides how long the servers run
    endpoints = ready(settings, Console(stderr=True), keep=not settings.parent_pid)
    with (
        build_services(settings, endpoints) as services,
        running_session(settings, app=f"kgqa {options.job}", kafka=options.job == "stream-kafka") as session,
        task_errors(),
    ):
        if request:
            return ingest_source.run(session, services, endpoints, settings, request, progress)
        if options.job in STREAMS:
            return STREAMS[options.job](session, services, endpoints, settings, options, progress.line)
        if options.job == "rebuild":
            return rebuild_index.run(session, services, endpoints, settings, options.generation, progress)
        resolve_entities.refresh(session, services.store, options.collection, progress)
        with progress.stage("project") as stage:
            project_graph.run(services.graph, stage)
        return {"collection": options.collection, "stages": progress.summary()}


def _request(options: argparse.Namespace, settings: Settings) -> ingest_source.IngestRequest:
    """The request, with its files read before any server is started."""
    dictionary = None
    if options.dictionary:
        path = local_path(options.dictionary)
        try:
            dictionary = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise InvalidInput(f"The dictionary {path.name} is not JSON: {problem}.") from None
        if not isinstance(dictionary, dict):
            raise InvalidInput(f"The dictionary {path.name} is no JSON object.")
    read_access(build_lake(settings, options.source), options.access)
    if options.make_public and options.access:
        raise InvalidInput("--make-public and --access FILE exclude each other.")
    missing: Missing = "delete" if options.allow_deletions else "keep" if options.keep_missing else "check"
    return ingest_source.IngestRequest(
        source=options.source,
        collection=options.collection,
        access=options.access,
        make_public=options.make_public,
        dictionary=dictionary,
        force=options.force,
        missing=missing,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spark", description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    ingest = jobs.add_parser("ingest", help="read a source into the record and the graph")
    ingest.add_argument("--source", required=True, help="folder of documents, or a BEIR folder, or s3://BUCKET/PREFIX")
    ingest.add_argument("--access", help="access lists (JSON); default: those of last time, else _access.json")
    ingest.add_argument("--make-public", action="store_true", help="the access list is gone: everybody may read")
    ingest.add_argument("--dictionary", help="domain dictionary (JSON) of the collection")
    ingest.add_argument("--force", action="store_true", help="read unchanged documents again")
    gone = ingest.add_mutually_exclusive_group()
    gone.add_argument("--allow-deletions", action="store_true", help="delete what is gone, even if that is most of it")
    gone.add_argument("--keep-missing", action="store_true", help="delete nothing that is gone from the source")
    resolve = jobs.add_parser("resolve", help="resolve the entities of a collection again")
    rebuild = jobs.add_parser("rebuild", help="bring a generation of the index up to the active one")
    rebuild.add_argument("--generation", type=int, required=True, help="its number")
    kafka = jobs.add_parser("stream-kafka", help="apply the document events of a topic")
    kafka.add_argument("--topic", required=True, help="topic of document events")
    kafka.add_argument("--dead-letter", help="topic of messages that cannot be used; default: TOPIC.dead-letters")
    kafka.add_argument("--from-start", action="store_true", help="read the topic from its beginning again")
    folder = jobs.add_parser("stream-folder", help="keep a collection as a folder is")
    folder.add_argument("--source", required=True, help="folder of documents; path or file: URI")
    folder.add_argument("--access", help="access lists (JSON); default: _access.json in the folder")
    for job in (kafka, folder):
        job.add_argument("--once", action="store_true", help="end when everything there is now has been applied")
    for job in (ingest, resolve, folder):
        job.add_argument("--collection", required=True, help="collection of documents")
    for job in (ingest, resolve, rebuild, kafka, folder):
        modes: tuple[Mode, ...] = ("json", "rich", "none")
        job.add_argument("--progress", choices=modes, default="rich", help="how to show progress")
        job.add_argument("--json", action="store_true", help="print the report as JSON at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
