"""Looking for a token wherever it could be left: in any case and Unicode form, in any encoding that a store writes.

A `Needle` knows how a token may be spelled (`spellings`, for stores that compare text) and what bytes that makes
(`find_in`, for files and dumps): UTF-8, UTF-16, Latin-1, JSON escapes, percent-encoding, hexadecimal, base64. What is
compressed or encrypted it cannot see.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Literal
from urllib.parse import quote

from kgqa.errors import InvalidInput
from kgqa.text.names import normalise

#: a shorter token is found everywhere
SHORTEST = 3
#: of base64, so many characters must be known to tell it from chance
_SHORTEST_BASE64 = 8
_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
_CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.title, str.casefold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """A token to look for."""

    token: str
    #: how it may be written: cases, Unicode forms, its normal form as a name
    spellings: tuple[str, ...]
    #: the same as bytes, ASCII letters in lower case
    patterns: tuple[bytes, ...]

    @staticmethod
    def of(token: str) -> Needle:
        """Raises InvalidInput for a token that is too short, or holds control characters.

        >>> Needle.of("Żółw").is_in("das ZO\u0301\u0141W? żo\u0301ŁW!")
        True
        """
        token = " ".join(token.split())
        if len(token) < SHORTEST or not token.isprintable():
            raise InvalidInput(f"A token needs at least {SHORTEST} printable characters.", hint="give a whole name.")
        forms = [case(unicodedata.normalize(form, token)) for form, case in product(_FORMS, _CASES)]
        norm = normalise(token)
        if len(norm) >= SHORTEST:
            forms.append(norm)
        forms += [form.replace(" ", "\n") for form in forms if " " in form]
        spellings = tuple(dict.fromkeys(forms))
        patterns = dict.fromkeys(pattern.lower() for spelling in spellings for pattern in _encodings(spelling))
        return Needle(token=token, spellings=spellings, patterns=_shortest(patterns))

    def is_in(self, text: str) -> bool:
        """Whether a text holds the token."""
        return any(_folded(spelling) in _folded(text) for spelling in (self.token, self.spellings[-1]))

    def find_in(self, blocks: Iterable[bytes]) -> int:
        """How often a stream of bytes holds the token; it is read once, in blocks of any size."""
        overlap = max(map(len, self.patterns)) - 1
        found, rest = 0, b""
        for block in blocks:
            window = rest + block.lower()
            # what ends in the part that was looked at before is not counted again
            found += sum(1 for end in self._ends(window) if end > len(rest))
            rest = window[-overlap:] if overlap else b""
        return found

    def _ends(self, window: bytes) -> Iterator[int]:
        for pattern in self.patterns:
            start = window.find(pattern)
            while start >= 0:
                yield start + len(pattern)
                start = window.find(pattern, start + 1)

    def sql_patterns(self) -> list[str]:
        """Patterns for LIKE: the spellings as they are, as JSON writes them, and in lower case."""
        written = [*self.spellings, *(json.dumps(s, ensure_ascii=False)[1:-1] for s in self.spellings)]
        written += [spelling.lower() for spelling in written]
        escaped = (w.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for w in written)
        return [f"%{pattern}%" for pattern in dict.fromkeys(escaped)]


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _encodings(spelling: str) -> Iterator[bytes]:
    utf8 = spelling.encode()
    yield utf8
    yield spelling.encode("utf-16-le")
    yield spelling.encode("utf-16-be")
    yield json.dumps(spelling)[1:-1].encode()
    yield json.dumps(spelling, ensure_ascii=False)[1:-1].encode()
    yield quote(spelling, safe="").encode()
    yield utf8.hex().encode()
    if not spelling.isascii():
        with suppress(UnicodeEncodeError):
            yield spelling.encode("latin-1")
    for shift in range(3):
        # the characters that depend on nothing but the token, wherever it starts
        encoded = base64.b64encode(b"\0" * shift + utf8)
        known = encoded[(0, 2, 3)[shift] : (shift + len(utf8)) * 8 // 6]
        if len(known) >= _SHORTEST_BASE64:
            yield known


def _shortest(patterns: Iterable[bytes]) -> tuple[bytes, ...]:
    """Without those that hold another: they are found with it."""
    kept: list[bytes] = []
    for pattern in sorted(patterns, key=len):
        if not any(other in pattern for other in kept):
            kept.append(pattern)
    return tuple(kept)
