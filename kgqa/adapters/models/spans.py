"""Where names stand in a text, and which source knows best what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacy.tokens import Doc

from kgqa.ingest.equivalences import is_registered
from kgqa.ingest.identifiers import identifiers
from kgqa.ingest.tables import Cell, RowClaim, column_names
from kgqa.model.mention import IDENTIFIER, DictionaryMatch, NameSource
from kgqa.text.gazetteer import GUESSED_TYPES
from kgqa.text.names import is_nameable, normalise
from kgqa.text.pseudonyms import TOKEN

_MOST_WORDS = 12
_NEVER_NAMES = frozenset(("VERB", "AUX", "ADV", "ADP", "DET", "PRON"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSpan:
    """A name in a chunk's text."""

    start: int
    end: int
    surface: str
    norm: str
    type: str
    source: NameSource
    #: what a table says to tell a person from homonyms
    signature: str = ""


def find_spans(
    text: str, matches: Sequence[DictionaryMatch], rows: Sequence[RowClaim], doc: Doc | None
) -> list[NameSpan]:
    """Names in a text by start. The dictionary knows best, then identifiers, columns that name a kind, the model."""
    kept = [_token(text, match) for match in TOKEN.finditer(text)]
    kept += [span_at(text, m.start, m.end, m.type, NameSource.DICTIONARY) for m in matches]
    others = [span_at(text, start, end, IDENTIFIER, NameSource.IDENTIFIER) for start, end in identifiers(text)]
    others += [_cell(text, row.cell) for row in rows if row.cell.type]
    others += _entities(text, doc) if doc is not None else []
    others += [_cell(text, row.cell) for row in rows if not row.cell.type]
    for span in others:
        if reads_as_name(span) and not any(_repeats(span, known) for known in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: (span.start, -span.end))


def _token(text: str, match: re.Match[str]) -> NameSpan:
    """What stands for personal data is a name like the value that it stands for."""
    type_ = "PERSON" if match["type"] == "PERSON" else IDENTIFIER
    return span_at(text, *match.span(), type_, NameSource.IDENTIFIER)


def _entities(text: str, doc: Doc) -> list[NameSpan]:
    """What the model sees, less what its small training set makes it see in headings and names of columns."""
    spans: list[NameSpan] = []
    columns = column_names(text)
    for entity in doc.ents:
        surface = entity.text.split("\n")[0].rstrip()
        start, end = entity.start_char, entity.start_char + len(surface)
        in_column = any(start < column[1] and end > column[0] for column in columns)
        line = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0].strip("# ")
        is_heading = " " not in surface and line == surface
        is_no_noun = len(entity) == 1 and entity.root.pos_ in _NEVER_NAMES
        is_doubtful = in_column or is_heading or is_no_noun or bool({":", ";"} & {*surface})
        if entity.label_ in GUESSED_TYPES and not is_doubtful:
            type_ = "ORG" if is_registered(surface) else entity.label_
            spans.append(span_at(text, start, end, type_, NameSource.NER))
    return spans


def span_at(text: str, start: int, end: int, type_: str, source: NameSource) -> NameSpan:
    """The span of a name; `source` says how sure its type is."""
    surface = text[start:end]
    return NameSpan(start=start, end=end, surface=surface, norm=normalise(surface), type=type_, source=source)


def _cell(text: str, cell: Cell) -> NameSpan:
    span = span_at(text, cell.start, cell.end, cell.type, NameSource.TABLE_KEY)
    return replace(span, signature=cell.signature)


def reads_as_name(span: NameSpan) -> bool:
    """Whether a span is short enough for a name and holds a capital, a digit or a letter of a script without case."""
    is_marked = any(not char.islower() for char in span.surface if char.isalnum())
    return is_nameable(span.norm) and is_marked and len(span.norm.split()) <= _MOST_WORDS


def _repeats(span: NameSpan, known: NameSpan) -> bool:
    """Whether a span lies inside a known one, or adds nothing but an article."""
    if span.start >= known.end or span.end <= known.start:
        return False
    return (known.start <= span.start and span.end <= known.end) or span.norm == known.norm
