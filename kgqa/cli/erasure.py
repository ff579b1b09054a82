"""`kgqa erase` and `kgqa verify-erased`: nothing of a subject is left, and a way to see that for oneself."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kgqa.cli.deletion import remove
from kgqa.cli.shared import JsonOption, err, out
from kgqa.errors import InvalidInput
from kgqa.settings import load_settings

if TYPE_CHECKING:
    from kgqa.bootstrap import Services
    from kgqa.embedded.searching import Watch
    from kgqa.embedded.stack import Endpoints, Stack
    from kgqa.model.erasure import Search, SubjectDocument
    from kgqa.text.needle import Needle

_SHOWN = 50


def erase(
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", help="A person or term; say it again for other spellings.", metavar="TEXT"),
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete everything about a subject, and leave nothing on disk of what was deleted.

    Finds the documents of every collection whose text, title, key, address or metadata contains the subject (in any
    case and Unicode form; also inside longer words), shows them, and deletes them with --yes or when you agree. Jobs,
    conversations, logs and keys of Redis that say the subject go too.

    Then, with or without a subject: PostgreSQL rewrites its tables and lets go of its write-ahead log, the store of
    the embedded Neo4j is made anew from the record, and leftovers of Spark are removed. Tables are locked meanwhile and
    questions fail: a command for quiet hours. Files of a lake are yours to remove; backups too.

    `kgqa verify-erased TOKEN` looks for what is left.
    """
    from kgqa.embedded.stack import Stack
    from kgqa.text.needle import Needle

    needles = [Needle.of(text) for text in subject or ()]
    settings = load_settings()
    with _servers() as (built, endpoints):
        documents = _find(endpoints, needles)
        if not as_json or not (yes or dry_run):
            _show(documents, needles)
        if dry_run:
            _report_plan(documents, as_json=as_json)
            return
        if not yes:
            _ask(documents)
        said = _delete(built, endpoints, documents, needles)
        undone = _purge(built, Stack(settings), endpoints, needles)
    back = sorted({place for document in documents if (place := document.source)})
    if as_json:
        report = {"documents": [_names(d) for d in documents], **said, "notDone": list(undone), "sources": back}
        print(json.dumps(report, ensure_ascii=False))
        return
    err.print(f"erased {len(documents)} documents; {', '.join(f'{kind} {n}' for kind, n in said.items())}.")
    for place in back:
        err.print(f"remove the files from {place}: what is still there comes back when it is read again.", markup=False)
    for sentence in undone:
        err.print(f"not done: {sentence}.", markup=False)
    err.print("`kgqa verify-erased TOKEN` looks for what is left.")


def verify_erased(
    token: Annotated[str, typer.Argument(help="What should be gone: a name, a number, a phrase.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Look for a token in every store, print what was searched, and exit with 1 if it is anywhere.

    Searched are all columns of all tables of PostgreSQL (system tables included), a dump of it as pg_dump makes it,
    all properties in Neo4j, all keys of Redis, every file in KGQA_HOME, and of embedded servers the bytes of their data
    files and logs. In any case and Unicode form, as UTF-8, UTF-16, JSON, hexadecimal, base64. What was not searched is
    said. Compressed bytes cannot be searched.
    """
    from kgqa.embedded.searching import search_everything
    from kgqa.embedded.stack import Stack
    from kgqa.text.needle import Needle

    needle = Needle.of(token)
    with _servers() as (_, endpoints), _watching() as watch:
        searches = list(search_everything(Stack(load_settings()), endpoints, needle, watch))
    found = any(search.found for search in searches)
    if as_json:
        document = {"token": needle.token, "found": found, "searches": [_search(search) for search in searches]}
        print(json.dumps(document, ensure_ascii=False))
    else:
        _print_searches(searches)
        out.print("[bold red]found[/]" if found else "[bold green]not found[/]")
    if found:
        raise typer.Exit(1)


@contextmanager
def _servers() -> Generator[tuple[Services, Endpoints]]:
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready

    settings = load_settings()
    endpoints = ready(settings, err)
    with build_services(settings, endpoints) as built:
        yield built, endpoints


@contextmanager
def _watching() -> Generator[Watch]:
    """Shows what is being worked on."""
    with err.status("") as status:
        yield lambda store, what: status.update(f"{store}: {what}")


def _find(endpoints: Endpoints, needles: Sequence[Needle]) -> list[SubjectDocument]:
    from kgqa.adapters.postgres.erasure import subject_documents

    found = {
        (d.collection, d.key): d for needle in needles for d in subject_documents(endpoints.postgres_owner_url, needle)
    }
    return [found[place] for place in sorted(found)]


def _show(documents: Sequence[SubjectDocument], needles: Sequence[Needle]) -> None:
    if not needles:
        return
    err.print(f"{len(documents)} documents are about {', '.join(needle.token for needle in needles)}:", markup=False)
    for d in documents[:_SHOWN]:
        err.print(f"  {d.collection}  {d.key}  {d.title}  (in its {', '.join(d.places)})", markup=False)
    if len(documents) > _SHOWN:
        err.print(f"  ... and {len(documents) - _SHOWN} more (--dry-run --json lists them all)")


def _report_plan(documents: Sequence[SubjectDocument], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"documents": [asdict(d) for d in documents]}, ensure_ascii=False))
    else:
        err.print("nothing was changed.")


def _ask(documents: Sequence[SubjectDocument]) -> None:
    if not sys.stdin.isatty():
        raise InvalidInput("Nothing was changed: nobody agreed.", hint="say --yes, or --dry-run to only look.")
    what = f"Delete these {len(documents)} documents and rewrite the stores?" if documents else "Rewrite the stores?"
    if not typer.confirm(what, err=True):
        raise typer.Exit(1)


def _delete(
    built: Services, endpoints: Endpoints, documents: Sequence[SubjectDocument], needles: Sequence[Needle]
) -> Mapping[str, int]:
    """Cancel jobs, delete documents, then what jobs and conversations say of them; how much of each."""
    from kgqa.adapters.postgres.erasure import cancel_jobs, forget_subject

    url = endpoints.postgres_owner_url
    said = {"cancelled jobs": sum(cancel_jobs(url, needle) for needle in needles)}
    for collection in sorted({d.collection for d in documents}):
        remove(built, collection, [d.key for d in documents if d.collection == collection])
    for needle in needles:
        for kind, number in forget_subject(url, needle).items():
            said[kind] = said.get(kind, 0) + number
    return said


def _purge(built: Services, stack: Stack, endpoints: Endpoints, needles: Sequence[Needle]) -> Sequence[str]:
    from kgqa.embedded.erasing import purge

    def rebuild() -> None:
        for generation in built.store.generations():
            built.graph.rebuild(generation.id)

    with _watching() as watch:
        return purge(stack, endpoints, needles, rebuild, watch)


def _names(document: SubjectDocument) -> dict[str, str]:
    return {"collection": document.collection, "key": document.key}


def _search(search: Search) -> dict[str, object]:
    return {
        "store": search.store,
        "searched": dict(search.searched),
        "found": dict(search.found),
        "skipped": search.skipped,
        "limits": search.limits,
    }


def _print_searches(searches: Sequence[Search]) -> None:
    for search in searches:
        if search.skipped:
            out.print(f"{search.store:28} NOT SEARCHED: {search.skipped}", markup=False)
            continue
        counts = ", ".join(f"{number} {what}" for what, number in search.searched.items())
        out.print(f"{search.store:28} {counts}" + (f"  ({search.limits})" if search.limits else ""), markup=False)
        for place, hits in search.found.items():
            out.print(f"{'':28} FOUND {hits} x in {place}", markup=False)
