"""Comparison questions, worked out from what the documents say of both sides.

"Which film was released first, A or B?" is answered by two dates, "Are A and B from the same country?" by two places,
"Are A and B both board games?" by two descriptions. The sides may be compared by somebody of theirs ("the director of
A"). English only; where a side, a date or a place is not found the question is answered like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kgqa.ask.passages import Passage
from kgqa.ask.retrieve import same_language
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.ports import MentionRow
from kgqa.text.names import normalise, tokens

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\s+(?P<month>{_MONTH})\s+(?P<year>\d{{4}})"
    rf"|(?P<month2>{_MONTH})\s+(?P<day2>\d{{1,2}}),?\s+(?P<year2>\d{{4}})"
    rf"|(?P<month3>{_MONTH})\s+(?P<year3>\d{{4}})|\b(?P<year4>1\d{{3}}|20\d{{2}})\b)"
)
#: "(12 March 1950 – 4 May 2001)"
_SPAN = re.compile(r"\((?P<from>[^()]*?\d{4}[^()]*?)\s*[–—-]\s*(?P<to>[^()]*\d{4}[^()]*)\)")
_BORN, _DIED = re.compile(r"\bborn\b", re.IGNORECASE), re.compile(r"\bdied\b|\bdeath\b", re.IGNORECASE)
_MADE = re.compile(
    r"\b(?:released?|published|founded|established|formed|opened|built|started|created|launched|premiered)\b",
    re.IGNORECASE,
)
_LAST = r"later|last|latest|younger|youngest|newer|newest|more recent(?:ly)?"
_LATER = re.compile(rf"\b(?:{_LAST})\b", re.IGNORECASE)
_ORDER = re.compile(rf"\b(?:first|earlier|earliest|older|oldest|came out|{_LAST})\b", re.IGNORECASE)
_AGE = re.compile(r"\b(?:born|older|oldest|younger|youngest)\b", re.IGNORECASE)
_DEATH = re.compile(r"\b(?:die|died|death)\b", re.IGNORECASE)
_SAME = re.compile(r"\bsame\s+(?:country|nationality)\b", re.IGNORECASE)
_BOTH = re.compile(r"^(?:are|were|is|was|do|does|did|have|has)\b.*\bboth\b(?P<class>[^?]*)", re.IGNORECASE)
_YES_NO = re.compile(r"^(?:are|were|is|was|do|does|did|have|has)\b", re.IGNORECASE)
#: somebody of a side, and how a document tells who it is
_SOMEBODY = {
    "director": r"direct\w*", "author": r"writ\w*|author\w*", "writer": r"writ\w*", "composer": r"compos\w*|music",
    "performer": r"perform\w*|sung|by", "singer": r"perform\w*|sung|by", "producer": r"produc\w*",
    "founder": r"found\w*", "creator": r"creat\w*",
}  # fmt: skip
_OF_SIDE = re.compile(rf"\b(?P<who>{'|'.join(_SOMEBODY)})s?\b", re.IGNORECASE)
#: how far behind such a word its name stands
_NEAR = 60
#: a sentence says in so many characters where something is from; "German-American" stands so close together
_OPENING, _BESIDE = 250, 6
#: of people, with countries that no four letters give away
_DEMONYMS = {
    "american": "united states", "british": "united kingdom", "english": "united kingdom", "scottish": "united kingdom",
    "welsh": "united kingdom", "dutch": "netherlands", "french": "france", "spanish": "spain", "swiss": "switzerland",
    "german": "germany", "polish": "poland", "danish": "denmark", "finnish": "finland", "swedish": "sweden",
    "england": "united kingdom", "scotland": "united kingdom", "usa": "united states", "u s": "united states",
    "us": "united states", "uk": "united kingdom",
}  # fmt: skip
_LETTERS = 4

Date = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The outcome, with the sentences that it was worked out from."""

    short: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two, by its name in the question: the sentences about it, and those that lead to them."""

    surface: str
    about: tuple[Passage, ...]
    way: tuple[Passage, ...]


def compare(question: Question, pool: Sequence[Passage]) -> Compared | None:
    """The answer to a comparison of two things; None for other questions, and where the documents do not tell."""
    text = question.text
    same, both = _SAME.search(text), _BOTH.search(text)
    if not same_language(question.language, "en") or not (
        same or both or (_ORDER.search(text) and re.search(r"\bor\b", text))
    ):
        return None
    sides = _sides(question, pool)
    if (who := _OF_SIDE.search(text)) is not None and (same or not both):
        sides = [found for side in sides if (found := _somebody(side, who["who"].casefold(), pool))]
    if len(sides) != 2:
        return None
    if same:
        return _same_country(sides)
    if _YES_NO.match(text):
        return _both(sides, both["class"], question) if both else None
    return _in_order(sides, text)


def _sides(question: Question, pool: Sequence[Passage]) -> list[_Side]:
    """The things of the question that a document stands under, in the order of the question; the best document each."""
    asked = f" {' '.join(token.norm for token in tokens(question.text))} "
    found: dict[str, list[Passage]] = {}
    chunk_of: dict[str, int] = {}
    for passage in pool:
        norm, chunk = normalise(passage.chunk.title), passage.chunk.chunk_id
        if norm and f" {norm} " in asked and chunk_of.setdefault(norm, chunk) == chunk:
            found.setdefault(norm, []).append(passage)
    norms = [norm for norm in found if not any(norm != other and f" {norm} " in f" {other} " for other in found)]
    norms.sort(key=lambda norm: asked.index(f" {norm} "))
    return [_Side(surface=_surface(question.text, norm), about=tuple(found[norm]), way=()) for norm in norms]


def _surface(text: str, norm: str) -> str:
    """The words of the question that say the name."""
    words = tokens(text)
    size = len(norm.split())
    for n in range(len(words) - size + 1):
        if " ".join(word.norm for word in words[n : n + size]) == norm:
            return text[words[n].start : words[n + size - 1].end]
    return norm


def _somebody(side: _Side, who: str, pool: Sequence[Passage]) -> _Side | None:
    """The same side by a person of it: the one whose name stands behind the word for what they did."""
    word = re.compile(rf"\b(?:{_SOMEBODY[who]})\b", re.IGNORECASE)
    for passage in side.about:
        text = passage.chunk.text
        places = [match.end() for match in word.finditer(text, passage.start, passage.end)]
        near = [m for m in passage.mentions if any(0 <= m.start - place <= _NEAR for place in places)]
        for mention in sorted(near, key=lambda m: m.start):
            about = tuple(p for p in pool if mention.name_id in p.title_names)
            first = [p for p in about if p.chunk.chunk_id == about[0].chunk.chunk_id]
            if mention.type in ("PERSON", "") and first:
                return _Side(surface=side.surface, about=tuple(first), way=(passage,))
    return None


def _in_order(sides: Sequence[_Side], text: str) -> Compared | None:
    found = [_date(side, text) for side in sides]
    (one, two) = found
    if one is None or two is None:
        return None
    # what one date leaves open cannot decide
    known = min(sum(part > 0 for part in date) for date, _ in (one, two))
    if one[0][:known] == two[0][:known]:
        return None
    earlier = 0 if one[0][:known] < two[0][:known] else 1
    winner = sides[1 - earlier if _LATER.search(text) else earlier]
    return Compared(short=winner.surface, passages=_evidence(sides, [one[1], two[1]]))


def _date(side: _Side, text: str) -> tuple[Date, Passage] | None:
    if _DEATH.search(text):
        return _life(side, _DIED, "to")
    if _AGE.search(text):
        return _life(side, _BORN, "from")
    dated = [(date, p) for p in side.about if _MADE.search(p.text) and (date := _first_date(p.text))]
    opening = [(date, p) for p in side.about[:1] if (date := _first_date(p.text))]
    return next(iter(opening + dated), None)


def _life(side: _Side, verb: re.Pattern[str], end: str) -> tuple[Date, Passage] | None:
    """The date behind the verb, or the end of the span of years in the opening."""
    opening = side.about[0]
    if (span := _SPAN.search(opening.text)) and (date := _first_date(span[end])):
        return date, opening
    for passage in side.about:
        if (match := verb.search(passage.text)) and (date := _first_date(passage.text[match.end() :])):
            return date, passage
    return None


def _first_date(text: str) -> Date | None:
    match = _DATE.search(text)
    if match is None:
        return None
    month = match["month"] or match["month2"] or match["month3"] or ""
    year = match["year"] or match["year2"] or match["year3"] or match["year4"]
    return int(year), _MONTHS.get(month[:3].casefold(), 0), int(match["day"] or match["day2"] or 0)


def _same_country(sides: Sequence[_Side]) -> Compared | None:
    found = [next(((where, p) for p in side.about[:2] if (where := _countries(p))), None) for side in sides]
    (one, two) = found
    if one is None or two is None:
        return None
    agree = any(_one_country(a, b) for a in one[0] for b in two[0])
    return Compared(short="yes" if agree else "no", passages=_evidence(sides, [one[1], two[1]]))


def _countries(passage: Passage) -> list[str]:
    """The people that the opening of a sentence names, with those named beside it; without any the places."""
    opening = sorted((m for m in passage.mentions if m.start < passage.start + _OPENING), key=_start)
    peoples: list[MentionRow] = []
    for mention in (m for m in opening if m.type == "NORP"):
        if not peoples or mention.start - peoples[-1].end <= _BESIDE:
            peoples.append(mention)
    return [m.norm for m in peoples] or [m.norm for m in opening if m.type == "GPE"]


def _start(mention: MentionRow) -> int:
    return mention.start


def _one_country(one: str, two: str) -> bool:
    a, b = _DEMONYMS.get(one, one), _DEMONYMS.get(two, two)
    return a == b or a[:_LETTERS] == b[:_LETTERS]


def _both(sides: Sequence[_Side], predicate: str, question: Question) -> Compared | None:
    wanted = terms(predicate, question.language) - terms(" ".join(side.surface for side in sides), question.language)
    if not wanted:
        return None
    opening = [side.about[0] for side in sides]
    agree = all(wanted <= passage.terms | passage.context for passage in opening)
    return Compared(short="yes" if agree else "no", passages=_evidence(sides, opening))


def _evidence(sides: Sequence[_Side], said: Iterable[Passage]) -> tuple[Passage, ...]:
    return tuple(p for side, passage in zip(sides, said, strict=True) for p in (*side.way, passage))
