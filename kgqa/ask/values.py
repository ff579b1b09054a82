"""Short answers: spans of a passage that fit what is asked for.

A span fits by its type (a person for "who"), by the label of the field that it fills ("Supplier: Kestrel Seals"
for "which supplier"), and by standing close to the words of the question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kgqa.ask.asks import AGENT, Ask
from kgqa.ask.passages import CELL, FIELD, Passage
from kgqa.ask.quantities import suits
from kgqa.ask.understand import CODE
from kgqa.ask.words import terms, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A span that may answer."""

    text: str
    #: 0 to about 2: how well it fits
    fit: float


_INLINE = re.compile(r"\s+(?:(?:is|number|no\.?|es)\s+)?((?=[\w./-]*\d)[\w./-]*\w)")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-záéíóú]*\.?"
_DATE = re.compile(
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}\.?\s+(?:de\s+)?{_MONTH}(?:\s+(?:de\s+)?\d{{4}})?\b"
    rf"|\b{_MONTH}\s+\d{{1,2}},?\s+\d{{4}}\b|\b{_MONTH}\s+(?:de\s+)?\d{{4}}\b|\b(?:1[5-9]|20)\d{{2}}\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w-])[+-]?\d+(?:[.,]\d+)*(?:\s?(?:%|°\s?[CF]|[€$£]|EUR|USD|euros?|[kmµc]?[mgWVALs]\b|Nm|bar|kPa|MHz|kHz|Hz|GB|MB|rpm"
    r"|[ml]³?/[hs]|h\b|min\b|[^\W\d_]{3,}))?(?![\w-])"
)
_LOCATED = re.compile(r"\b(?:in|near|en|cerca de)\s+(?P<place>[A-ZÁÉÍÓÚÑ][^\W\d_]+(?:\s+[A-ZÁÉÍÓÚÑ][^\W\d_]+)*)")
_ASKS_PHONE = re.compile(
    r"\b(?:(?:tele)?phone|fax|mobile)\s(?:number|extension)\b|\btelephone$|\btel[eé]fono$|\bextensi[oó]n\stelef[oó]nica\b",
    re.IGNORECASE,
)
#: groups of digits, three together somewhere
_PHONE = re.compile(r"(?<![\w.-])(?=[^.;,]*\d{3})[+(]?\d[\d ()/.-]*\d(?![\w-])")
TYPES: dict[str, frozenset[str]] = {
    "PERSON": frozenset({"PERSON"}),
    "ORG": frozenset({"ORG", "SUPPLIER", "COMPANY", "CUSTOMER", "MANUFACTURER"}),
    AGENT: frozenset({"ORG", "PERSON", "SUPPLIER", "COMPANY", "CUSTOMER", "MANUFACTURER"}),
    "PLACE": frozenset({"GPE", "LOC", "FAC", "PLACE", "SITE"}),
}
_PATTERNS: dict[str, re.Pattern[str]] = {"DATE": _DATE, "NUMBER": _NUMBER, "IDENTIFIER": CODE}


def values(ask: Ask, passage: Passage, asked: frozenset[int], language: str) -> tuple[Value, ...]:
    """Spans of the passage that fit the ask, best first. `asked`: words of the whole question, which answer nothing."""
    text = passage.chunk.text[passage.start : passage.end]
    wanted = terms(ask.text, language)
    closeness = _closeness(text, wanted, language)
    found: dict[str, float] = {}
    cells = _cells(passage, ask, language)
    for span, fit in (*cells, *_fields(text, ask, wanted, language), *_typed(text, ask, passage)):
        value = " ".join(text[span[0] : span[1]].split()).strip(" .,;:()[]\"'*")
        own = terms(value, language)
        if not value or (own and own <= asked):
            continue
        worth = fit * _plausible(ask, value, span, passage) * (0.5 + 0.5 * closeness(span))
        found[value] = max(found.get(value, 0.0), worth)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Value(text=value, fit=fit) for value, fit in ordered)


def _fields(text: str, ask: Ask, wanted: frozenset[int], language: str) -> Iterator[tuple[tuple[int, int], float]]:
    focus = terms(ask.focus, language)
    for word in words(text, language):
        # "room A2.12", "extension 4140": what is asked for, followed by its number or code
        if word.term in focus and (inline := _INLINE.match(text, word.end)):
            amount = _NUMBER.match(text, inline.start(1))
            yield (inline.start(1), max(inline.end(1), amount.end() if amount else 0)), 1.6
    for match in FIELD.finditer(text):
        label = terms(match["label"], language)
        if label & focus:
            yield match.span("value"), 1.3 + 0.6 * len(label & focus) / len(label | focus)
        elif label & wanted:
            yield match.span("value"), 0.5


def _cells(passage: Passage, ask: Ask, language: str) -> Iterator[tuple[tuple[int, int], float]]:
    """Cells of a table row under a column whose name says what is asked for; the first row names the columns."""
    text = passage.chunk.text[passage.start : passage.end]
    header = next((line for line in passage.chunk.text.splitlines() if CELL in line), "").split(CELL)
    cells = text.split(CELL)
    if len(cells) != len(header) or len(cells) < 2 or cells == header:
        return
    focus, place = terms(ask.focus, language), 0
    for cell, label in zip(cells, header, strict=True):
        own = terms(label, language)
        if own & focus:
            yield (place, place + len(cell)), 1.3 + 0.6 * len(own & focus) / len(own | focus)
        place += len(cell) + len(CELL)


def _plausible(ask: Ask, value: str, span: tuple[int, int], passage: Passage) -> float:
    """How far the type of a value allows it as an answer."""
    if _ASKS_PHONE.search(ask.focus):
        return 1.0 if _PHONE.fullmatch(value) and not _DATE.fullmatch(value) else 0.1
    if ask.type == "NUMBER":
        return suits(ask.text, value, passage.text, passage.chunk.text) if _NUMBER.search(value) else 0.3
    pattern = _PATTERNS.get(ask.type)
    if pattern is not None:
        return 1.0 if pattern.search(value) else 0.3
    fitting = TYPES.get(ask.type)
    if fitting is None:
        return 1.0
    start, end = passage.start + span[0], passage.start + span[1]
    if ask.type == "PLACE" and value.isupper():
        return 0.3
    types = {m.type for m in passage.mentions if start <= m.start and m.end <= end}
    if types & fitting:
        return 1.0
    if any(character.isdigit() for character in value):
        return 0.2
    named = all(word[0].isupper() for word in value.split() if len(word) > 3)
    # Models take towns for people and companies.
    return (0.8 if not types - {""} or ask.type == "PLACE" else 0.5) if named else 0.2


def _typed(text: str, ask: Ask, passage: Passage) -> Iterator[tuple[tuple[int, int], float]]:
    focus = {word.casefold().rstrip("s") for word in ask.focus.split()}
    for mention in passage.mentions:
        span = (mention.start - passage.start, mention.end - passage.start)
        kind = mention.type
        if focus & set(kind.casefold().split("_")):
            yield span, 1.2
        elif kind in TYPES.get(ask.type, frozenset()):
            yield span, 0.9 if ask.type == AGENT and kind == "PERSON" else 1.0
        elif ask.type in ("", "IDENTIFIER") or kind == "":
            yield span, 0.35
    if ask.type == "PLACE":
        for match in _LOCATED.finditer(text):
            yield match.span("place"), 1.1
    pattern = _PHONE if _ASKS_PHONE.search(ask.focus) else _PATTERNS.get(ask.type)
    if pattern is not None:
        dates = [m.span() for m in _DATE.finditer(text)] if ask.type == "NUMBER" else []
        for match in pattern.finditer(text):
            within = any(start <= match.start() and match.end() <= end for start, end in dates)
            yield match.span(), 0.2 if within else 0.8


def _closeness(text: str, wanted: frozenset[int], language: str) -> Callable[[tuple[int, int]], float]:
    """How close a span stands to the words of the ask: 1 beside them, towards 0 far away."""
    places = [(word.start + word.end) / 2 for word in words(text, language) if word.term in wanted]

    def closeness(span: tuple[int, int]) -> float:
        if not places:
            return 0.0
        middle = (span[0] + span[1]) / 2
        near = sorted(abs(place - middle) for place in places)[:3]
        return sum(1.0 / (1.0 + distance / 40.0) for distance in near) / 3

    return closeness


def short_answer(
    questions: Sequence[Ask],
    selected: Sequence[Passage],
    weights: Sequence[float],
    asked: frozenset[int],
    language: str,
) -> str:
    """The best value of each ask, joined by semicolons; `` where nothing fits."""
    answers: list[str] = []
    for ask in questions:
        best: tuple[float, str] = (0.3, "")
        for passage, weight in zip(selected, weights, strict=True):
            for value in values(ask, passage, asked, language):
                if value.text not in answers:
                    best = max(best, (value.fit * weight, value.text), key=lambda pair: pair[0])
        if best[1]:
            answers.append(best[1])
    return "; ".join(answers)
