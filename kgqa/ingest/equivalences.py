"""Two names for one thing, as a text says it: "Northline Castings GmbH (Northline, in older tables NLC)".

A second name counts when a phrase says so (formerly, also known as), when it abbreviates the first (Schwartz and
Hearst, A simple algorithm for identifying abbreviation definitions, 2003), or when it is its beginning. A company
that is named with its legal form introduces its short forms for all of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kgqa.text.names import normalise

#: (start, end)
Span = tuple[int, int]

_PHRASE = (
    r"(?:also|formerly|previously|better|commonly|now|short|abbreviated|aka|a\.k\.a\.|hereafter|antes|abreviado|"
    r"(?:tambi[eé]n |antes )?conocid[oa])(?:\s+(?:known|called|named|written|to|as|como))*"
)
_JOINT = re.compile(rf"\s*[,(]?\s*{_PHRASE}\s+[\"“'‘]?|\s+(?:is |was )?(?:also )?known as\s+[\"“'‘]?", re.IGNORECASE)
_WORD = re.compile(r"[^\W_](?:[\w&.'’-]*[^\W_])?\.?")
_SMALL = frozenset(("of", "and", "de", "for", "del", "der", "und", "y", "&"))
_LEGAL = re.compile(r"\b(?:GmbH|AG|Ltd|Limited|Inc|LLC|PLC|Corp|Corporation|B\.?V|N\.?V|Oy|AB|S\.?A|S\.?L|a\.s)\.?$")
#: how far behind a name its short form is still introduced
_REACH = 90


def capitalised(text: str) -> list[Span]:
    """Runs of capitalised words, small words inside them allowed; legal forms such as `a.s.` belong to them."""
    runs: list[Span] = []
    small_since: int | None = None
    for match in _WORD.finditer(text):
        word = match.group()
        touches = bool(runs) and text[(small_since or runs[-1][1]) : match.start()] in (" ", "\u00a0")
        if word[0].isupper() or word == "a.s.":
            end = match.end() - (word.endswith(".") and word.count(".") == 1)
            if touches:
                runs[-1] = (runs[-1][0], end)
            elif word[0].isupper():
                runs.append((match.start(), end))
            small_since = None
        elif touches and word in _SMALL and small_since is None and not is_registered(text[slice(*runs[-1])]):
            small_since = match.end()
        else:
            small_since = -1
    return runs


def equivalences(
    text: str, names: Iterable[Span], sentences: Sequence[Span], companies: Iterable[Span]
) -> list[tuple[Span, Span]]:
    """Pairs of name spans that the text says are one thing. `names`: known spans; capitalised runs are added."""
    spans = sorted({*names, *capitalised(text)})
    is_company = {*companies}
    registered = [span for span in spans if is_registered(text[span[0] : span[1]])]
    pairs: list[tuple[Span, Span]] = []
    for first in spans:
        sentence = next((s for s in sentences if s[0] <= first[0] < s[1]), (0, len(text)))
        reach = min(first[1] + _REACH, sentence[1])
        for second in (span for span in spans if span[0] > first[1]):
            is_near = second[1] <= reach
            if not is_near and first not in registered:
                break
            left, right = text[first[0] : first[1]], text[second[0] : second[1]]
            between = text[first[1] : second[0]]
            if normalise(left) == normalise(right):
                continue
            if (is_near and _says(between, left, right, is_company=first in is_company or first in registered)) or (
                first in registered and _is_short_form(right, left) and not _fits_another(right, left, text, registered)
            ):
                pairs.append((first, second))
    return pairs


def is_registered(name: str) -> bool:
    """Whether a name ends with a legal form, and so is a company whatever a model takes it for."""
    return _LEGAL.search(name) is not None and " " in name


def abbreviates(short: str, long: str) -> bool:
    """Whether the letters of `short` occur in `long` in order, the first at the start of its first word.

    >>> abbreviates("NLC", "Northline Castings GmbH"), abbreviates("KSL", "Northline Castings")
    (True, False)
    """
    letters = [char.lower() for char in short if char.isalnum()]
    place = len(long)
    for letter in reversed(letters[1:]):
        place = long.lower().rfind(letter, 0, place)
        if place < 1:
            return False
    return bool(letters) and long[:1].lower() == letters[0]


def _says(between: str, left: str, right: str, *, is_company: bool) -> bool:
    """Whether a phrase joins two names, or the second is introduced in a bracket or after a comma as a short form."""
    if _JOINT.fullmatch(between):
        return True
    in_bracket = between.lstrip().startswith("(") and ")" not in between
    if not in_bracket and not between.startswith(","):
        return False
    if _is_acronym(right) and " " in left:
        return (in_bracket or len(right) > 2) and abbreviates(right, left)
    if _is_acronym(left) and " " in right:
        return between.strip() == "(" and abbreviates(left, right)
    return is_company and _begins(right, left)


def _is_short_form(short: str, long: str) -> bool:
    """Whether it can only be the company that the text has named in full: its beginning, or three of its letters."""
    return _begins(short, long) or (_is_acronym(short) and len(short) > 2 and abbreviates(short, long))


def _fits_another(short: str, company: str, text: str, registered: Sequence[Span]) -> bool:
    others = (text[start:end] for start, end in registered)
    return any(normalise(other) != normalise(company) and _is_short_form(short, other) for other in others)


def _begins(short: str, long: str) -> bool:
    return f"{normalise(long)} ".startswith(f"{normalise(short)} ")


def _is_acronym(surface: str) -> bool:
    return " " not in surface and 2 <= len(surface) <= 8 and sum(char.isupper() for char in surface) >= 2
