"""Content words of a text with their places, stemmed as the keyword index stems them.

The index keeps words such as "which" and "who" (its stop words are few); a reader of questions does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import stop_words

from kgqa.text.names import tokens
from kgqa.text.terms import analyse

#: words that ask or command rather than name a subject, beyond the stop words of the language
_ASKING = {
    "en": "who whom whose which what when where how many much does did do please tell name us me give",
    "es": "que quien quienes cual cuales cuando donde como cuanto cuanta cuantos cuantas dime diga",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A content word."""

    term: int
    start: int
    end: int


@lru_cache(maxsize=4096)
def words(text: str, language: str) -> tuple[Word, ...]:
    """The content words of a text in order."""
    empty = _empty_words(language)
    return tuple(
        Word(term=term, start=token.start, end=token.end)
        for token in tokens(text)
        if token.norm not in empty
        for term in _terms(token.norm, language)
    )


def terms(text: str, language: str) -> frozenset[int]:
    """The distinct term ids of the content words of a text."""
    return frozenset(word.term for word in words(text, language))


@lru_cache(maxsize=65536)
def _terms(token: str, language: str) -> tuple[int, ...]:
    return tuple(sorted(analyse(token, language)))


@cache
def _empty_words(language: str) -> frozenset[str]:
    known = stop_words.get_stop_words(language) if language in stop_words.AVAILABLE_LANGUAGES else []
    return frozenset(known) | frozenset(_ASKING.get(language, "").split())
