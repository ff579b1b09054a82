"""`kgqa collection`: what holds for a collection as a whole."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from kgqa.cli.shared import JsonOption, err, out, services
from kgqa.errors import InvalidInput
from kgqa.model.pii import PiiPolicy, PiiRules
from kgqa.settings import load_settings
from kgqa.text.language import LANGUAGES

collections = typer.Typer(
    no_args_is_help=True, help="Say what holds for a collection: its personal data, its translation."
)

#: no translation
OFF = "off"

NameArgument = Annotated[str, typer.Argument(help="Name of the collection; made if missing.")]


@collections.command("set-pii")
def set_pii(
    name: NameArgument,
    policy: Annotated[PiiPolicy, typer.Argument(help="off, flag (count it) or mask (replace it by tokens).")],
    readers: Annotated[
        list[str] | None,
        typer.Option("--reader", help="Principal that may see masked values, such as group:privacy. May be repeated."),
    ] = None,
) -> None:
    """Say what ingest does with personal data, and who may unmask it. Replaces what was said before.

    Documents that are there already change when they are read again: run `kgqa ingest` on their source, which reads
    every document whose policy changed.
    """
    rules = PiiRules(policy=policy, readers=tuple(readers or ()))
    with services(load_settings()) as built:
        documents = built.store.collection(name).documents
        built.store.set_pii_rules(name, rules)
        built.personal_data(name)  # keys are there, or it says now what is missing
    err.print(f"{name}: {policy.value}; readers: {', '.join(sorted(rules.readers)) or 'nobody'}.")
    if documents:
        err.print(f"{documents} documents are as they were read before: run `kgqa ingest` on their source again.")


@collections.command("set-translation")
def set_translation(
    name: NameArgument,
    language: Annotated[str, typer.Argument(help="What its passages are translated to, such as en; or off.")],
) -> None:
    """Say whether ingest translates what is in another language, so that questions in this one find it by its words.

    KGQA_TRANSLATION__ENGINE says who translates. Documents that are there already change when they are read again: run
    `kgqa ingest` on their source, which reads every document for which this changed.
    """
    if language != OFF and language not in LANGUAGES:
        raise InvalidInput(f"There is no language {language!r}.", hint=f"write off, or one of {', '.join(LANGUAGES)}.")
    wanted = "" if language == OFF else language
    with services(load_settings()) as built:
        documents = built.store.collection(name).documents
        before = built.store.translate_to(name)
        built.store.set_translate_to(name, wanted)
        built.pivot(name)  # somebody translates, or it says now what is missing
    err.print(f"{name}: translation {language}.")
    if documents and wanted != before:
        err.print(f"{documents} documents are as they were read before: run `kgqa ingest` on their source again.")


@collections.command("show")
def show(name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Show what holds for a collection."""
    with services(load_settings()) as built:
        found = built.store.collection(name)
        rules = built.vault.rules(name)
        translate_to = built.store.translate_to(name)
    said = {
        "collection": name,
        "documents": found.documents,
        "chunks": found.chunks,
        "pii": rules.policy.value,
        "piiReaders": list(rules.readers),
        "translateTo": translate_to or OFF,
    }
    if as_json:
        print(json.dumps(said))
        return
    for key, value in said.items():
        out.print(f"{key:12} {', '.join(value) or 'nobody' if isinstance(value, list) else value}", markup=False)


@collections.command("new-key")
def new_key() -> None:
    """Print a random key for KGQA_PII__KEYS (write ID: before it) or KGQA_PII__TOKEN_KEY."""
    from kgqa.adapters.keyring import Keyring

    print(Keyring.new_key())
