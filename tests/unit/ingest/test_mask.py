"""Masking a document: nothing of a value is left, and everything else is where it was."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from kgqa.adapters.keyring import Keyring
from kgqa.ingest.mask import COUNTS_KEY, PersonalData
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import Outcome, RawDocument
from kgqa.model.pii import PiiPolicy, PiiSpan
from kgqa.text.language import detect
from kgqa.text.pseudonyms import TOKEN, Pseudonyms, tokens_in

KEYS = Keyring.parse(f"a:{Keyring.new_key()}")
NAMES = Pseudonyms(key=b"key", collection="lake")
MAIL = b"""From: Elena Ruiz <elena@kestrel.example>
To: Jonas Weber <jonas@kestrel.example>
Subject: Seal kit for Elena Ruiz
Content-Type: text/plain; charset=utf-8

Elena Ruiz ordered the seal kit of the pump P350.

Call Jonas Weber on 0151-2244 before Friday. Ruiz was not there.
"""
MARKDOWN = b"""# Notes of Elena Ruiz

The pump ran dry.

## What Elena Ruiz said

| Person | Part |
|---|---|
| Elena Ruiz | HP-7731-04 |
| Jonas Weber | HP-7731-05 |

elena ruiz is written small here.
"""


@dataclass(frozen=True)
class Known:
    """Finds what it was told."""

    values: tuple[tuple[str, str], ...] = (
        ("Elena Ruiz", "PERSON"),
        ("Jonas Weber", "PERSON"),
        ("0151-2244", "PHONE_NUMBER"),
        ("elena@kestrel.example", "EMAIL_ADDRESS"),
        ("jonas@kestrel.example", "EMAIL_ADDRESS"),
    )
    version: str = "1"
    types: frozenset[str] = frozenset(("PERSON", "PHONE_NUMBER", "EMAIL_ADDRESS"))

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        """The first place of each value only: the others are for masking to find."""
        places = [(text.find(value), value, type_) for value, type_ in self.values]
        return [PiiSpan(start=at, end=at + len(value), type=type_) for at, value, type_ in sorted(places) if at >= 0]


def masking(policy: PiiPolicy = PiiPolicy.MASK) -> PersonalData:
    return PersonalData(policy=policy, detector=Known(), pseudonyms=NAMES, sealer=KEYS)


def raw(data: bytes, key: str) -> RawDocument:
    return RawDocument(collection="lake", key=key, uri=f"file:///{key}", data=data)


@pytest.mark.parametrize(("data", "key"), [(MAIL, "a.eml"), (MARKDOWN, "notes.md")])
def test_no_value_is_left_in_anything_that_is_stored(data: bytes, key: str):
    reading = read_document(raw(data, key), IngestOptions(personal=masking()))
    assert reading.document is not None
    said = repr(reading).casefold()
    for value in ("elena", "weber", "0151", "jonas"):
        assert value not in said
    assert reading.raw.data == b""
    assert reading.document.text == "".join(
        reading.document.text[a.start : a.end] + reading.document.text[a.end : b.start]
        for a, b in zip(
            reading.document.blocks, [*reading.document.blocks[1:], reading.document.blocks[-1]], strict=True
        )
    )
    for chunk in reading.chunks:
        assert chunk.text == reading.document.text[chunk.start : chunk.end]


def test_values_come_back_from_their_tokens_and_only_with_key_collection_and_token():
    reading = read_document(raw(MAIL, "a.eml"), IngestOptions(personal=masking()))
    assert reading.document is not None
    values = {sealed.token: KEYS.open("lake", sealed) for sealed in reading.sealed}
    shown = TOKEN.sub(lambda match: values[match[0]], reading.document.text)
    plain = read_document(raw(MAIL, "a.eml"), IngestOptions())
    assert plain.document is not None
    assert shown == plain.document.text
    other = replace(reading.sealed[0], token=reading.sealed[1].token)
    for ring, collection, sealed in (
        (KEYS, "pond", reading.sealed[0]),
        (KEYS, "lake", other),
        (Keyring.parse(f"a:{Keyring.new_key()}"), "lake", reading.sealed[0]),
        (Keyring.parse(f"b:{Keyring.new_key()}"), "lake", reading.sealed[0]),
    ):
        with pytest.raises(Exception, match="key 'a'"):
            ring.open(collection, sealed)


def test_a_new_key_encrypts_and_old_values_still_open():
    old, new = Keyring.new_key(), Keyring.new_key()
    sealed = Keyring.parse(f"old:{old}").seal("lake", "[PERSON:000000000000]", "Elena Ruiz")
    ring = Keyring.parse(f"new:{new},old:{old}")
    assert ring.open("lake", sealed) == "Elena Ruiz"
    assert ring.seal("lake", sealed.token, "Elena Ruiz").key_id == "new"


def test_headings_rows_and_tokens_agree():
    document = read_document(raw(MARKDOWN, "notes.md"), IngestOptions(personal=masking())).document
    assert document is not None
    elena = NAMES.token("Elena Ruiz", "PERSON")
    assert document.title == f"Notes of {elena}"
    assert {path[0] for path in (block.heading_path for block in document.blocks)} == {document.title}
    assert next(block.row_key for block in document.blocks if block.kind == "table") == elena
    assert NAMES.token("elena  ruiz", "PERSON") == elena
    assert NAMES.token("Elena Ruiz", "PERSON") != Pseudonyms(key=b"key", collection="pond").token(
        "Elena Ruiz", "PERSON"
    )
    assert NAMES.token("0151 2244", "PHONE_NUMBER") == NAMES.token("0151-2244", "PHONE_NUMBER")


def test_flagging_counts_and_changes_nothing_else():
    flagged = read_document(raw(MAIL, "a.eml"), IngestOptions(personal=masking(PiiPolicy.FLAG)))
    plain = read_document(raw(MAIL, "a.eml"), IngestOptions())
    assert flagged.document is not None
    assert plain.document is not None
    assert flagged.document.metadata[COUNTS_KEY] == "EMAIL_ADDRESS 2, PERSON 2, PHONE_NUMBER 1"
    assert flagged.document.text == plain.document.text
    assert flagged.raw == plain.raw
    assert flagged.chunks == plain.chunks
    assert not flagged.sealed


def test_the_hash_of_what_was_delivered_is_that_of_a_document_that_is_not_masked():
    masked = read_document(raw(MAIL, "a.eml"), IngestOptions(personal=masking()))
    assert masked.hash() == read_document(raw(MAIL, "a.eml"), IngestOptions()).hash()
    empty = read_document(raw(b"  ", "b.txt"), IngestOptions(personal=masking()))
    assert empty.outcome is Outcome.SKIPPED
    assert empty.raw.data == b""


def test_another_policy_or_key_is_another_version():
    versions = {
        tuple(each.version)
        for each in (
            masking(),
            masking(PiiPolicy.FLAG),
            replace(masking(), pseudonyms=Pseudonyms(key=b"other", collection="lake")),
        )
    }
    assert len(versions) == 3


def test_the_stage_travels_to_another_process():
    assert pickle.loads(pickle.dumps(masking())) == masking()  # noqa: S301 - its own


def test_tokens_are_found_once_and_say_nothing_about_the_language():
    token = NAMES.token("Elena Ruiz", "PERSON")
    assert tokens_in(f"{token} met {token}") == [token]
    assert detect(f"¿Quién aprobó el cambio del cojinete de {token}?") == "es"
