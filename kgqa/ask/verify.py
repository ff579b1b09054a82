"""Statements that their quotes do not support are dropped, whoever wrote them.

A statement copied from the evidence must be found in it. A statement that a language model wrote must use the words
of its quotes: most content words, and every number, code and capitalised name.
"""

from __future__ import annotations

import re

from kgqa.ask.statements import Statement, folded
from kgqa.ask.words import terms
from kgqa.text.names import tokens

#: share of a generated sentence's content words that its quotes (with their titles) must contain
LEAST_SUPPORT = 0.6
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def copied(statement: Statement) -> bool:
    """Whether the statement stands word for word in one of its quotes."""
    text = folded(statement.text)
    return bool(text) and any(text in folded(quote.text) for quote in statement.quotes)


def supported(statement: Statement, language: str) -> bool:
    """Whether the quotes support a sentence that was written, not copied."""
    if copied(statement):
        return True
    source = " ".join(" ".join((q.chunk.title, *q.chunk.heading_path, q.text)) for q in statement.quotes)
    return facts_hold(statement.text, source) and support(statement.text, source, language) >= LEAST_SUPPORT


def support(text: str, source: str, language: str) -> float:
    """Share of the content words of a text that the source contains."""
    own = terms(text, language)
    return len(own & terms(source, language)) / len(own) if own else 0.0


def facts_hold(text: str, source: str) -> bool:
    """Whether every number and every capitalised word inside the sentence occurs in the source."""
    numbers, known_numbers = _NUMBER.findall(text), set(_NUMBER.findall(source))
    if any(number not in known_numbers for number in numbers):
        return False
    known = {token.norm for token in tokens(source)}
    inner = [t for t in tokens(text) if t.start > _first_word_start(text) and text[t.start].isupper()]
    return all(token.norm in known for token in inner)


def _first_word_start(text: str) -> int:
    found = tokens(text)
    return found[0].start if found else 0
