"""Personal data in texts: Presidio's recognisers by pattern, the English model's names, and patterns of our own.

Presidio brings what has a shape and a checksum (mail addresses, cards, accounts, phone numbers). Names of people come
from the model that ingest loads anyway, and after titles and phrases in any language; postal addresses have patterns of
our own, which Presidio lacks. `kgqa eval pii` measures it (docs/decisions/0015-pii.md). Nothing is downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UrlRecognizer,
    UsSsnRecognizer,
)
from tldextract import TLDExtract

from kgqa.adapters.models.extractor import MODELS, load_model
from kgqa.ingest.equivalences import is_registered
from kgqa.model.pii import PiiSpan
from kgqa.text.language import UNKNOWN

DETECTOR_VERSION = "1"
#: what is personal data unless a setting says otherwise
PERSONAL = frozenset({
    "PERSON", "ADDRESS", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS",
})  # fmt: skip
#: everything that can be found
ALL_TYPES = PERSONAL | {"LOCATION", "ORGANIZATION", "URL", "DATE_TIME"}
#: of overlapping spans the one of the earlier type stays
_ORDER = (
    "EMAIL_ADDRESS", "URL", "IBAN_CODE", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "DATE_TIME", "ADDRESS", "PHONE_NUMBER",
    "PERSON", "LOCATION", "ORGANIZATION",
)  # fmt: skip
#: what Presidio is less sure of is noise
LEAST_SCORE = 0.4
PHONE_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "CA", "BR", "AU", "NL", "CH", "CN")
#: the model reads pieces of about this many characters
WINDOW_CHARACTERS = 5_000
_LABELS = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION", "ORG": "ORGANIZATION"}
#: words of companies and places, which are capitalised like names of people
_NO_PERSON = frozenset((
    "the", "of", "and", "bank", "club", "university", "college", "school", "company", "group", "association",
    "institute", "council", "department", "committee", "services", "systems", "holdings", "partners", "software",
    "consulting", "press", "news", "times", "weekly", "street", "road", "avenue", "city", "county", "river", "lake",
    "mount", "north", "south", "east", "west", "new", "san", "saint", "united", "states", "seals", "pumps", "works",
    "industries",
))  # fmt: skip
_PERSON = re.compile(r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z]\.)?(?: [^\W\d_a-z][\w'’-]+){1,2}")

_NAME = r"[^\W\d_][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){0,2}"
_TITLED = re.compile(
    r"\b(?:mr|mrs|ms|miss|mme|dr|prof|sr|sra|señora?|don|doña|herrn?|frau|monsieur|madame)\b\.? "
    rf"(?P<value>(?-i:{_NAME}))",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"\b(?:(?:my|her|his|last|first|maiden|partner's|full) name(?: is|'s|\?)?|people call me|me llamo|ich heiße"
    r"|je m'appelle|signed(?: by)?:?) (?P<value>(?-i:[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){0,2}))",
    re.IGNORECASE,
)
_STREET_WORD = (
    r"(?:street|str\.?|st\.?|road|rd\.?|avenue|ave\.?|lane|ln\.?|drive|dr\.?|boulevard|blvd\.?|way|place|pl\.?|square"
    r"|court|ct\.?|crescent|terrace|close|rue|calle|avenida|plaza|via|platz|allee|weg)"
)
_WORD = r"[^\W\d_][\w.'’-]*"
_STREETED = re.compile(
    rf"\b\d{{1,5}}[a-z]?,? (?:{_WORD} ){{0,3}}{_STREET_WORD}(?![\w-])(?: {_WORD}){{0,2}}(?: \d{{1,5}}\b)?",
    re.IGNORECASE,
)
_COMPOUND = re.compile(
    r"\b[^\W\d_]{3,}(?:stra(?:ß|ss)e|gasse|straat|gatan|gade|weg|allee|platz|gata)\.? \d{1,4}[a-z]?\b", re.IGNORECASE
)
_UNIT = re.compile(r"\b(?:apt|apartment|suite|unit|flat)\.? ?#?\d{1,5}\b", re.IGNORECASE)
_POSTCODE = re.compile(
    r"\b(?:zip(?: code)?|post(?:al )?code|plz|código postal)\b[:\s]*(?P<value>[A-Z0-9][A-Z0-9 -]{3,8}[A-Z0-9])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"\b\d{{1,3}} (?:\d{{1,4}} )?(?:{_WORD} ){{1,4}}\d{{1,4}}\b")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+|00)?\d{0,3}[ .-]?(?:\(\d{1,4}\)|\d{1,4})(?:[ .-]\d{2,4}){2,4}(?:x\d{2,5})?(?![\w-])"
)
_DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2})?)?|\d{1,2}/\d{1,2}/\d{4})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class PresidioDetector:
    """`ingest.mask.PiiDetector` over Presidio and spaCy. Small to send away; models load when first used."""

    types: frozenset[str] = PERSONAL

    @property
    def version(self) -> str:
        """What decides what is found."""
        return f"{DETECTOR_VERSION} {','.join(sorted(self.types))}"

    def find(self, text: str, language: str) -> list[PiiSpan]:
        """Spans in order, without overlaps. A language without a model has patterns only; an unknown one, English."""
        shaped = list(_shaped(text))
        found = [
            *shaped,
            *_of_addresses(text, shaped),
            *_patterns(text),
            *_named(text, MODELS.get("en" if language == UNKNOWN else language)),
        ]
        return _disjoint([span for span in found if span.type in self.types])


class _MailRecognizer(EmailRecognizer):
    """Presidio's, with the list of domains that the package of the list brings."""

    def validate_result(self, pattern_text: str) -> bool:
        return _domains()(pattern_text).suffix != ""


@cache
def _domains() -> TLDExtract:
    return TLDExtract(suffix_list_urls=(), cache_dir=None)


@cache
def _recognizers() -> tuple[EntityRecognizer, ...]:
    return (
        _MailRecognizer(),
        IbanRecognizer(),
        CreditCardRecognizer(),
        UsSsnRecognizer(),
        IpRecognizer(),
        UrlRecognizer(),
        PhoneRecognizer(supported_regions=PHONE_REGIONS),
    )


def _shaped(text: str) -> Iterator[PiiSpan]:
    if not any(character.isdigit() or character in "@." for character in text):
        return
    for recognizer in _recognizers():
        for result in recognizer.analyze(text, recognizer.supported_entities, None):  # pyright: ignore[reportArgumentType] - None: no language model
            if result.score >= LEAST_SCORE:
                yield PiiSpan(start=result.start, end=result.end, type=result.entity_type)


def _patterns(text: str) -> Iterator[PiiSpan]:
    for type_, pattern in (
        ("PERSON", _TITLED),
        ("PERSON", _INTRODUCED),
        ("ADDRESS", _STREETED),
        ("ADDRESS", _COMPOUND),
        ("ADDRESS", _UNIT),
        ("ADDRESS", _POSTCODE),
        ("ADDRESS", _NUMBERED),
        ("PHONE_NUMBER", _PHONE),
        ("DATE_TIME", _DATE),
    ):
        for match in pattern.finditer(text):
            start, end = match.span("value" if "value" in pattern.groupindex else 0)
            yield PiiSpan(start=start, end=end, type=type_)


def _named(text: str, model: str | None) -> Iterator[PiiSpan]:
    if model is None:
        return
    nlp = load_model(model)
    unused = [name for name in nlp.pipe_names if name not in ("tok2vec", "ner")]
    for start, piece in _windows(text):
        for entity in nlp(piece, disable=unused).ents:
            if entity.label_ in _LABELS:
                type_ = "PERSON" if _reads_as_person(entity.text) else _LABELS[entity.label_]
                yield PiiSpan(start=start + entity.start_char, end=start + entity.end_char, type=type_)


def _reads_as_person(name: str) -> bool:
    """Two or three capitalised words, none of a company or place: the small model mistakes half of such names."""
    return bool(_PERSON.fullmatch(name)) and not is_registered(name) and _NO_PERSON.isdisjoint(name.casefold().split())


def _of_addresses(text: str, spans: Sequence[PiiSpan]) -> Iterator[PiiSpan]:
    """Names that a mail address in the text spells: `megan.payne@...` and Megan Payne."""
    for span in spans:
        local = text[span.start : span.end].partition("@")[0]
        words = [word for word in re.split(r"[._-]", local) if len(word) > 1 and word.isalpha()]
        if span.type == "EMAIL_ADDRESS" and len(words) > 1:
            for match in re.finditer(rf"(?<!\w){' '.join(words)}(?!\w)", text, re.IGNORECASE):
                yield PiiSpan(start=match.start(), end=match.end(), type="PERSON")


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs; long ones in pieces that end where a line or a word does."""
    start = 0
    while start < len(text):
        paragraph = text.find("\n\n", start + 1)
        end = min(len(text) if paragraph < 0 else paragraph, start + WINDOW_CHARACTERS)
        if end == start + WINDOW_CHARACTERS:
            cuts = (text.rfind(mark, start + 1, end) for mark in ("\n", " "))
            end = next((cut for cut in cuts if cut > start), end)
        yield start, text[start:end]
        start = end


def _disjoint(spans: Sequence[PiiSpan]) -> list[PiiSpan]:
    """Of overlapping spans the one of the surer type, then the longer one."""
    kept: list[PiiSpan] = []
    for span in sorted(spans, key=lambda s: (_ORDER.index(s.type), s.start - s.end, s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
