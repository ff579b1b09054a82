"""Identifiers by their shape, where no domain dictionary names them: part numbers, codes, versions, mail addresses."""

from __future__ import annotations

import re

_EMAIL = r"[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
#: HP-7731-04, CO-2041, E-417, ISO-9001: capitals, then parts of which some hold at least two digits
_HYPHENATED = r"[A-Z]{1,6}(?:-[A-Z0-9]{1,8}){1,4}"
#: P350, AB1234C
_COMPACT = r"[A-Z]{1,4}\d{2,6}[A-Z]{0,2}"
_VERSION = r"v\d+(?:\.\d+)+"
_IDENTIFIER = re.compile(rf"(?<![\w@.-])(?:{_EMAIL}|{_VERSION}|{_HYPHENATED}|{_COMPACT})(?![\w@]|-\w|\.\d)")
_ENOUGH_DIGITS = 2


def identifiers(text: str) -> list[tuple[int, int]]:
    """Spans of identifiers in order, without overlaps.

    >>> text = "E-417 on the P350 (HP-7731-04), firmware v2.4.1, see AC-DC"
    >>> [text[start:end] for start, end in identifiers(text)]
    ['E-417', 'P350', 'HP-7731-04', 'v2.4.1']
    """
    return [match.span() for match in _IDENTIFIER.finditer(text) if _is_identifier(match.group())]


def _is_identifier(surface: str) -> bool:
    return "@" in surface or sum(char.isdigit() for char in surface) >= _ENOUGH_DIGITS
