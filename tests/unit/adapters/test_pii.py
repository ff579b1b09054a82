"""The real detector on texts whose personal data is known. Loads Presidio and the English model."""

from __future__ import annotations

import itertools
import pickle

import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.models.pii import ALL_TYPES, PERSONAL, PresidioDetector
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import RawDocument
from kgqa.text.names import normalise

DETECTOR = PresidioDetector()


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.type) for span in DETECTOR.find(text, language)]


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("Write to elena.ruiz@kestrel.com today.", "elena.ruiz@kestrel.com", "EMAIL_ADDRESS"),
        ("My card is 4532276644577020, thanks.", "4532276644577020", "CREDIT_CARD"),
        ("His social security number is 531-21-7351", "531-21-7351", "US_SSN"),
        ("Pay to DE89370400440532013000 please.", "DE89370400440532013000", "IBAN_CODE"),
        ("It came from 58.74.121.78 last night.", "58.74.121.78", "IP_ADDRESS"),
        ("Call +44 20 7946 0958 after nine.", "+44 20 7946 0958", "PHONE_NUMBER"),
        ("He lives at 87 Canal Street, near the lock.", "87 Canal Street", "ADDRESS"),
        ("I met Megan Payne in London.", "Megan Payne", "PERSON"),
    ],
)
def test_personal_data_is_found(text: str, value: str, type_: str):
    assert (value, type_) in found(text)


def test_names_after_titles_are_found_in_languages_without_a_model():
    assert ("Weber", "PERSON") in found("Gestern hat Herr Weber die Pumpe gesehen.", "de")
    assert found("Die Pumpe P350 lief trocken.", "de") == []


@pytest.mark.parametrize("text", ["Error E-417 on the pump P350, part HP-7731-04.", "", "The pump ran dry."])
def test_technical_text_has_none(text: str):
    assert found(text) == []


def test_spans_are_in_order_and_apart():
    text = "Dr. Megan Payne, 87 Canal Street, megan@kestrel.com, 4532276644577020, called Anna Lind. " * 80
    spans = DETECTOR.find(text, "en")
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert sum(span.type == "EMAIL_ADDRESS" for span in spans) == 80


def test_only_the_wanted_types_are_looked_for():
    assert PERSONAL < ALL_TYPES
    assert PresidioDetector(types=frozenset(("US_SSN",))).find("Megan Payne, 531-21-7351", "en")[0].type == "US_SSN"
    assert pickle.loads(pickle.dumps(DETECTOR)) == DETECTOR  # noqa: S301 - its own


def test_tokens_are_names_of_their_chunks():
    token = "[PERSON:7f3a9c12ab34]"
    raw = RawDocument(collection="c", key="a.txt", uri="u", data=f"{token} ordered the seal kit of the P350.".encode())
    chunks = read_document(raw, IngestOptions()).chunks
    ((names, _, _),) = SpacyExtractor().extract(chunks)
    assert (normalise(token), "PERSON") in {(name.norm, name.type) for name in names}


def test_a_mail_address_gives_the_name_that_it_spells_away():
    text = "Megan Payne of Kestrel Seals ordered the kit. Her address is megan.payne@kestrel.com."
    assert ("Megan Payne", "PERSON") in found(text, "de")
