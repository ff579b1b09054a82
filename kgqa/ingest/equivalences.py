"""Two names for one thing, as a text says it: "Northline Castings GmbH (Northline, in older tables NLC)".

A second name counts when a phrase says so (formerly, also known as), when it abbreviates the first (Schwartz and
Hearst, A simple algorithm for identifying abbreviation definitions, 2003), or when it is its beginning.
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
        elif touches and word in _SMALL and small_since is None:
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
    pairs: list[tuple[Span, Span]] = []
    for first in spans:
        sentence = next((s for s in sentences if s[0] <= first[0] < s[1]), (0, len(text)))
        later = [s for s in spans if first[1] < s[0] <= first[1] + _REACH and s[1] <= sentence[1]]
        for second in later:
            between = text[first[1] : second[0]]
            left, right = text[first[0] : first[1]], text[second[0] : second[1]]
            if normalise(left) == normalise(right):
                continue
            is_stated = _JOINT.fullmatch(between) is not None
            is_company_name = first in is_company or _LEGAL.search(left) is not None
            if is_stated or _introduces(between, left, right, is_company=is_company_name):
                pairs.append((first, second))
    return pairs


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


def _introduces(between: str, left: str, right: str, *, is_company: bool) -> bool:
    """Whether the second name is a short form of the first, introduced in a bracket or after a comma."""
    in_bracket = between.lstrip().startswith("(") and ")" not in between
    if not in_bracket and not between.startswith(","):
        return False
    if _is_acronym(right) and " " in left:
        return (in_bracket or len(right) > 2) and abbreviates(right, left)
    if _is_acronym(left) and " " in right:
        return between.strip() == "(" and abbreviates(left, right)
    return is_company and f"{normalise(left)} ".startswith(f"{normalise(right)} ")


def _is_acronym(surface: str) -> bool:
    return " " not in surface and 2 <= len(surface) <= 8 and sum(char.isupper() for char in surface) >= 2
