"""What all commands share: where they print, options of one meaning, and services over servers that are up."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kgqa.settings import Settings

if TYPE_CHECKING:
    from kgqa.bootstrap import Services

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
CollectionOption = Annotated[str, typer.Option("--collection", "-c", help="Collection of documents.")]
AsOption = Annotated[str, typer.Option("--as", help="Principal that asks, such as user:ivy.", metavar="PRINCIPAL")]


@contextmanager
def services(settings: Settings) -> Generator[Services]:
    """Servers that are up, a record that is migrated, and everything built on them."""
    from kgqa.bootstrap import build_services
    from kgqa.demo import ready

    with build_services(settings, ready(settings, err)) as built:
        yield built
