"""The domain dictionary of a collection: names with aliases, and patterns of identifiers.

    {"names": [{"name": "AquaFlow P350", "type": "PRODUCT", "aliases": ["P350"]}],
     "patterns": [{"type": "ERROR_CODE", "regex": "E-[0-9]{3}"}]}

Entity rulers of two libraries match it, spaCy's for one document and Spark NLP's at scale. Both take `rules` and report
whatever matches; `settle` then decides, so that they agree. `find` is the plain version that both are tested against.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from kgqa.errors import InvalidInput
from kgqa.model.mention import DictionaryMatch

_LONGEST_REGEX = 500
#: what Python and Java read differently, and what looks around a match: a ruler sees the match alone
_NOT_PORTABLE = re.compile(r"\(\?P|\(\?\(|\(\?<?[a-zA-Z]+>|\\[AZzGQEkhHRXpP]|\[\[|&&|\(\?[a-zA-Z=!<]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A thing that the domain knows by name."""

    name: str
    type: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A kind of identifier that is known by its shape."""

    type: str
    regex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an entity ruler needs: a label with literal strings, or with one regular expression."""

    label: str
    patterns: tuple[str, ...]
    is_regex: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """A validated domain dictionary."""

    terms: tuple[Term, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    #: by literal, the term that it names
    _terms_by_literal: Mapping[str, Term] = field(default_factory=dict[str, Term], repr=False, compare=False)

    @classmethod
    def from_json(cls, mapping: Mapping[str, object]) -> Dictionary:
        """Read and check a dictionary; `{}` is the empty one. Raises `InvalidInput` that names the entry at fault."""
        unknown = sorted(set(mapping) - {"names", "patterns"})
        if unknown:
            raise _invalid(f"{unknown[0]!r} is no part of it", hint="it has `names` and `patterns`.")
        terms = tuple(_term(entry, f"names[{i}]") for i, entry in enumerate(_list(mapping, "names")))
        patterns = tuple(_pattern(entry, f"patterns[{i}]") for i, entry in enumerate(_list(mapping, "patterns")))
        by_literal: dict[str, Term] = {}
        for term in terms:
            for literal in (term.name, *term.aliases):
                other = by_literal.setdefault(literal, term)
                if other is not term:
                    raise _invalid(f"{literal!r} names both {other.name!r} and {term.name!r}")
        return cls(terms=terms, patterns=patterns, _terms_by_literal=by_literal)

    def rules(self) -> tuple[Rule, ...]:
        """Literals by type, then one rule for each pattern."""
        literals: dict[str, list[str]] = {}
        for literal, term in self._terms_by_literal.items():
            literals.setdefault(term.type, []).append(literal)
        by_type = [Rule(label=type_, patterns=tuple(found), is_regex=False) for type_, found in literals.items()]
        return *by_type, *(Rule(label=p.type, patterns=(p.regex,), is_regex=True) for p in self.patterns)

    def settle(self, text: str, found: Iterable[tuple[int, int, str]]) -> list[DictionaryMatch]:
        """Of (start, end, type) that a ruler found, the longest first, then the earliest; on word boundaries only."""
        kept: list[tuple[int, int, str]] = []
        for start, end, type_ in sorted(set(found), key=lambda span: (span[0] - span[1], span[0], span[2])):
            is_free = all(end <= other[0] or start >= other[1] for other in kept)
            if is_free and not _cuts_a_word(text, start) and not _cuts_a_word(text, end):
                kept.append((start, end, type_))
        return [self._match(text, span) for span in sorted(kept)]

    def find(self, text: str) -> list[DictionaryMatch]:
        """All matches in a text, in order, without overlaps."""
        found: list[tuple[int, int, str]] = []
        for rule in self.rules():
            for pattern in rule.patterns:
                regex = pattern if rule.is_regex else re.escape(pattern)
                found += [(m.start(), m.end(), rule.label) for m in re.finditer(regex, text)]
        return self.settle(text, found)

    def _match(self, text: str, span: tuple[int, int, str]) -> DictionaryMatch:
        start, end, type_ = span
        surface = text[start:end]
        term = self._terms_by_literal.get(surface)
        name = term.name if term and term.type == type_ else surface
        return DictionaryMatch(start=start, end=end, type=type_, name=name)


def _cuts_a_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and _is_word(text[place - 1]) and _is_word(text[place])


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _list(mapping: Mapping[str, object], key: str) -> Sequence[object]:
    value = mapping.get(key, [])
    if not isinstance(value, list):
        raise _invalid(f"`{key}` is not a list")
    return cast("list[object]", value)


def _entry(entry: object, place: str, allowed: Iterable[str]) -> Mapping[str, object]:
    if not isinstance(entry, dict):
        raise _invalid(f"{place} is not an object")
    fields = cast("dict[str, object]", entry)
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        raise _invalid(f"{place} has the unknown field {unknown[0]!r}")
    return fields


def _text(entry: Mapping[str, object], key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _invalid(f"{place}.{key} is not a text")
    return value.strip()


def _term(entry: object, place: str) -> Term:
    fields = _entry(entry, place, ("name", "type", "aliases"))
    aliases = _list(fields, "aliases")
    names = [_text({"alias": alias}, "alias", f"{place}.aliases[{i}]") for i, alias in enumerate(aliases)]
    return Term(name=_text(fields, "name", place), type=_text(fields, "type", place), aliases=tuple(names))


def _pattern(entry: object, place: str) -> Pattern:
    fields = _entry(entry, place, ("type", "regex"))
    regex = _text(fields, "regex", place)
    if len(regex) > _LONGEST_REGEX:
        raise _invalid(f"{place}.regex is longer than {_LONGEST_REGEX} characters")
    if stranger := _NOT_PORTABLE.search(regex):
        raise _invalid(
            f"{place}.regex uses {stranger.group()!r}, which not every matcher understands",
            hint=r"use characters, classes, \b \d \w \s, groups and counts.",
        )
    try:
        is_empty = re.compile(regex).search("") is not None
    except re.error as problem:
        raise _invalid(f"{place}.regex is not a regular expression: {problem}") from None
    if is_empty:
        raise _invalid(f"{place}.regex matches the empty text")
    return Pattern(type=_text(fields, "type", place), regex=regex)


def _invalid(problem: str, hint: str | None = None) -> InvalidInput:
    return InvalidInput(f"The domain dictionary is not valid: {problem}.", hint=hint)
