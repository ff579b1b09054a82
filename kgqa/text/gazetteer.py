"""The known names of a collection, found in a text by longest match over normalised tokens.

A gazetteer is what the readers of one access class may know. It is the only source of mentions, so that they are a
pure function of a chunk's text and of the names its readers may know.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from kgqa.text.names import STOP_WORDS, tokens

#: types that a model guesses; any other comes from a dictionary or a pattern, and its names need no capitals
GUESSED_TYPES = frozenset(
    ("PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE")
)
#: a heading that stands over more documents than this and is nothing else (Overview, Notes) is no name
MAX_HEADING_DOCUMENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GazetteerEntry:
    """A name with its kinds of support, as one access class may know it."""

    norm: str
    #: the most supported (type, signature) pairs first
    senses: tuple[tuple[str, str], ...]
    #: number of documents that support it other than as a heading / as a heading
    documents: int
    heading_documents: int


class Match(NamedTuple):
    """A name found in a text. A tuple, not a dataclass: millions are made."""

    norm: str
    #: offsets into the text
    start: int
    end: int


class Gazetteer:
    """Names with their senses.

    >>> gazetteer = Gazetteer.of_norms(["p350", "kestrel seals"])
    >>> [match.norm for match in gazetteer.find("Kestrel Seals' kit fits the P350.")]
    ['kestrel seals', 'p350']
    """

    def __init__(self, entries: Iterable[GazetteerEntry]) -> None:
        self._entries = {entry.norm: entry for entry in entries if not is_boilerplate(entry)}
        lengths: dict[str, set[int]] = {}
        for norm in self._entries:
            if words := tokens(norm):
                lengths.setdefault(words[0].norm, set()).add(len(words))
        #: by first token, the numbers of tokens of its names, longest first
        self._lengths = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}

    @classmethod
    def of_norms(cls, norms: Iterable[str]) -> Gazetteer:
        """A gazetteer of names without senses, as a question needs it."""
        return cls(GazetteerEntry(norm=norm, senses=(), documents=1, heading_documents=0) for norm in norms)

    def __contains__(self, norm: str) -> bool:
        return norm in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def senses(self, norm: str) -> tuple[tuple[str, str], ...]:
        """(type, signature) pairs of a name, the most supported first; empty for an unknown name."""
        entry = self._entries.get(norm)
        return entry.senses if entry else ()

    def find(self, text: str, *, cased: bool = True) -> list[Match]:
        """Longest matches in order, each followed by the names between its commas.

        `cased`: a match must hold an upper-case letter, a digit or a letter of a script without case, and a
        one-word name must not start in lower case unless it holds a digit. Terms of the domain are found in any case.
        """
        words = _Words(text)
        found: list[Match] = []
        i = 0
        while i < len(words):
            length = self._longest(words, i, cased=cased)
            if not length:
                i += 1
                continue
            match = words.match(i, length)
            found.append(match)
            if length > 1 and "," in text[match.start : match.end]:
                found.extend(self._inner(words, i, length))
            i += length
        return found

    def _longest(self, words: _Words, i: int, *, cased: bool) -> int:
        """Number of tokens of the longest name that starts at token i, or 0."""
        for length in self._lengths.get(words.tokens[i].norm, ()):
            if i + length > len(words) or (norm := words.norm(i, length)) not in self._entries:
                continue
            if length == 1 and (norm in STOP_WORDS or len(norm) < 2):
                continue
            if not cased or _reads_as_name(words.surface(i, length), length) or self._is_term(norm):
                return length
        return 0

    def _is_term(self, norm: str) -> bool:
        """Whether a name is a term of the domain (PART: shaft seal), which texts write in small letters."""
        return any(type_ and type_ not in GUESSED_TYPES for type_, _ in self.senses(norm))

    def _inner(self, words: _Words, i: int, length: int) -> list[Match]:
        """Names that fill the space between commas inside a longer match ("Austin" in "Austin, Texas")."""
        found: list[Match] = []
        edges = [i, *(j for j in range(i + 1, i + length) if words.comma_before(j)), i + length]
        first = 0
        while first < len(edges) - 1:
            for last in range(len(edges) - 1, first, -1):
                size = edges[last] - edges[first]
                if size < length and self._is_inner_name(words, edges[first], size):
                    found.append(words.match(edges[first], size))
                    first = last - 1
                    break
            first += 1
        return found

    def _is_inner_name(self, words: _Words, i: int, length: int) -> bool:
        norm = words.norm(i, length)
        is_short = length == 1 and (len(norm) < 3 or norm in STOP_WORDS)
        return norm in self._entries and not is_short and not words.surface(i, length)[0].islower()


class _Words:
    """The tokens of a text, and their normal form in one piece so that every run of tokens is a slice of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        parts: list[str] = []
        #: where each token starts in the normal form
        self._places: list[int] = []
        size, end = 0, -1
        for word in self.tokens:
            if parts and word.start != end:
                parts.append(" ")
                size += 1
            self._places.append(size)
            parts.append(word.norm)
            size += len(word.norm)
            end = word.end
        self._places.append(size)
        self._norm = "".join(parts)

    def __len__(self) -> int:
        return len(self.tokens)

    def norm(self, i: int, length: int) -> str:
        """Normal form of `length` tokens from token i."""
        return self._norm[self._places[i] : self._places[i + length]].rstrip(" ")

    def surface(self, i: int, length: int) -> str:
        """The same as written."""
        return self.text[self.tokens[i].start : self.tokens[i + length - 1].end]

    def match(self, i: int, length: int) -> Match:
        return Match(self.norm(i, length), self.tokens[i].start, self.tokens[i + length - 1].end)

    def comma_before(self, i: int) -> bool:
        return "," in self.text[self.tokens[i - 1].end : self.tokens[i].start]


def is_boilerplate(entry: GazetteerEntry) -> bool:
    """Whether a name is only a heading, and one that repeats over too many documents."""
    return entry.documents == 0 and entry.heading_documents > MAX_HEADING_DOCUMENTS


def candidates(text: str, longest: int) -> set[str]:
    """Normal forms of all runs of up to `longest` tokens: the names that a text could hold."""
    words = _Words(text)
    size = len(words)
    return {words.norm(i, n) for i in range(size) for n in range(1, min(longest, size - i) + 1)}


def _reads_as_name(surface: str, length: int) -> bool:
    if length == 1 and surface[0].islower():
        return any(char.isdigit() for char in surface)
    return any(char.isupper() or char.isdigit() or unicodedata.category(char) == "Lo" for char in surface)
