"""`kgqa reindex` and `kgqa generation`: another encoder or pipeline, without an hour in which nothing answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.shared import CollectionOption, JsonOption, err, out
from kgqa.errors import NotFound
from kgqa.model.generation import GenerationState
from kgqa.settings import load_settings

generations = typer.Typer(no_args_is_help=True, help="Generations of the index: list, make active, go back, drop.")

GoldenOption = Annotated[
    Path | None,
    typer.Option(
        help="Questions with their documents (JSON lines: question, documents). A generation that finds fewer of them"
        " than the active one is refused.",
        exists=True,
    ),
]
GenerationArgument = Annotated[int, typer.Argument(help="Its number, as `kgqa generation list` shows it.")]


def reindex(
    collection: CollectionOption = "default",
    golden: GoldenOption = None,
    *,
    no_activate: Annotated[
        bool, typer.Option("--no-activate", help="Build and bring it up to date; make it active later.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the index again beside the one that answers, check it, and make it active in one transaction.

    For a new encoder (KGQA_MODELS__ENCODER) or a new version of kgqa that reads documents otherwise. All collections
    are built from the documents in the record; --collection is the one of golden questions that name none. Questions
    are answered from the old generation until the flip, and changes go on meanwhile. The old one is kept: `kgqa
    generation rollback` goes back to it. A build that is cut off goes on where it was.
    """
    from kgqa.adapters.postgres.generations import unfinished
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready
    from kgqa.reindex import bring_up, make_active, read_golden, start

    settings = load_settings()
    questions = read_golden(golden, collection) if golden else []
    endpoints = ready(settings, err)
    with build_services(settings, endpoints) as built:
        generation = start(built, endpoints)
        err.print(f"generation {generation}: {settings.models.encoder}")
        if no_activate:
            read = bring_up(built, endpoints, generation, err)
            lacks = unfinished(endpoints.postgres_owner_url, generation)
            said: dict[str, object] = {"generation": generation, "documents": read, "lacks": lacks}
        else:
            said = asdict(make_active(built, endpoints, generation, questions, err))
    _print(said, as_json=as_json)


@generations.command("list")
def list_(*, as_json: JsonOption = False) -> None:
    """Show the generations: state, encoder, documents, and how many of the active one's they lack."""
    from kgqa.cli.shared import services

    with services(load_settings()) as built:
        found = built.store.generations()
    if as_json:
        print(json.dumps([asdict(generation) for generation in found]))
        return
    for g in found:
        lacks = "" if g.state is GenerationState.ACTIVE else f"{g.behind} behind"
        out.print(
            f"{g.id:4} {g.state:9} {g.encoder or g.model or 'no vectors yet':32} {g.documents:8} documents  {lacks}"
        )


@generations.command("activate")
def activate_(
    generation: GenerationArgument,
    golden: GoldenOption = None,
    collection: CollectionOption = "default",
    *,
    as_json: JsonOption = False,
) -> None:
    """Bring a generation up to date, check it and make it the one that answers."""
    _activate(generation, golden, collection, as_json=as_json)


@generations.command("rollback")
def rollback(*, as_json: JsonOption = False) -> None:
    """Go back to the generation that was active before, brought up to what changed since."""
    _activate(None, None, "default", as_json=as_json)


@generations.command("drop")
def drop(generation: GenerationArgument) -> None:
    """Remove a generation that is not active, from the record and the graph."""
    from kgqa.adapters.postgres.generations import drop_generation
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready

    settings = load_settings()
    endpoints = ready(settings, err)
    with build_services(settings, endpoints) as built:
        drop_generation(endpoints.postgres_owner_url, generation)
        nodes = built.graph.drop(generation)
    err.print(f"generation {generation} is gone, with {nodes} nodes of the graph.")


def _activate(generation: int | None, golden: Path | None, collection: str, *, as_json: bool) -> None:
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready
    from kgqa.reindex import make_active, read_golden

    settings = load_settings()
    questions = read_golden(golden, collection) if golden else []
    endpoints = ready(settings, err)
    with build_services(settings, endpoints) as built:
        wanted = generation if generation is not None else built.store.previous_generation()
        if wanted is None:
            raise NotFound("No generation was active before this one.", hint="`kgqa generation list` lists them.")
        said = asdict(make_active(built, endpoints, wanted, questions, err))
    _print(said, as_json=as_json)


def _print(said: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(said))
        return
    documents = said["documents"]
    assert isinstance(documents, dict)
    read = ", ".join(f"{number} of {name}" for name, number in documents.items() if number) or "none"
    out.print(f"generation {said['generation']}: documents read: {read}")
    lacks = said.get("lacks")
    if isinstance(lacks, dict) and lacks:
        out.print(f"it lacks {', '.join(f'{number} {what}' for what, number in lacks.items())}")
    if "previous" in said:
        out.print(f"it is active; {said['previous']} is kept (`kgqa generation rollback` goes back to it)")
