"""Mentions of one chunk: what the gazetteer finds in its text, and the names that the chunk stands under.

A pure function of the chunk, its document's own name supports and the gazetteer of its access class, so that it can be
run anywhere and again whenever a name comes or goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kgqa.model.mention import Mention, NameSource, NameSupport
from kgqa.text.gazetteer import Gazetteer, Match
from kgqa.text.names import normalise, title_names, tokens
from kgqa.text.terms import analyse

#: (type, signature)
Sense = tuple[str, str]

#: sources whose type is a statement, not a guess of a model
_CERTAIN = frozenset({NameSource.DICTIONARY, NameSource.IDENTIFIER, NameSource.METADATA, NameSource.TABLE_KEY})
_LONGEST_PERSON_NAME = 5


def annotate(
    chunk_id: int,
    text: str,
    title_norms: Sequence[str],
    gazetteer: Gazetteer,
    own_senses: Mapping[str, Sense],
) -> list[Mention]:
    """Mentions of a chunk: its title names first, then those in the text by start."""

    def mention(norm: str, start: int, end: int, *, is_title: bool) -> Mention:
        type_, signature = choose_sense(norm, gazetteer, own_senses)
        return Mention(
            chunk_id=chunk_id, start=start, end=end, norm=norm, type=type_, signature=signature, is_title=is_title
        )

    matches = gazetteer.find(text)
    full_names = _full_names(matches, title_norms, gazetteer, own_senses)
    titles = [mention(norm, 0, 0, is_title=True) for norm in dict.fromkeys(title_norms)]
    return titles + [mention(full_names.get(m.norm, m.norm), m.start, m.end, is_title=False) for m in matches]


def title_norms(title: str, heading_path: Sequence[str], row_key: str | None, gazetteer: Gazetteer) -> tuple[str, ...]:
    """Names that a chunk stands under, as far as the gazetteer knows them (boilerplate headings are not in it)."""
    norms = [*title_names(title), *(normalise(heading) for heading in heading_path)]
    if row_key:
        norms.append(normalise(row_key))
    return tuple(norm for norm in dict.fromkeys(norms) if norm in gazetteer)


def subject_norms(supports: Iterable[NameSupport]) -> tuple[str, ...]:
    """The name that stands for the title of a document without one."""
    return tuple(dict.fromkeys(s.norm for s in supports if s.source is NameSource.SUBJECT))


def own_senses(supports: Iterable[NameSupport], chunk_id: int) -> dict[str, Sense]:
    """What a document itself says about the sense of its names, for one of its chunks.

    A signature wins; where the document knows several people of one name, only a support of this very chunk decides.
    A type that a model guessed is no statement of the document's: it counts with everybody's in the gazetteer.
    """
    by_norm: dict[str, list[NameSupport]] = {}
    for support in supports:
        by_norm.setdefault(support.norm, []).append(support)
    senses: dict[str, Sense] = {}
    for norm, found in by_norm.items():
        signature = _own_signature(found, chunk_id)
        type_ = _own_type(found, is_signed=bool(signature))
        if signature or type_:
            senses[norm] = (type_, signature)
    return senses


def choose_sense(norm: str, gazetteer: Gazetteer, own_senses: Mapping[str, Sense]) -> Sense:
    """The sense of a name here: the document's own, completed by the most supported unsigned one that has a type."""
    own_type, signature = own_senses.get(norm, ("", ""))
    if own_type:
        return own_type, signature
    usual = next((type_ for type_, signed in gazetteer.senses(norm) if type_ and not signed), "")
    return usual, signature


def may_contain(norm: str, language: str) -> list[int]:
    """Ids of the terms that every chunk of this language holds that holds the name; empty: search all chunks.

    Sound because names and terms fold letters alike (a test says so).
    """
    return sorted(analyse(norm, language))


def first_token(norm: str) -> str:
    """The token at which the gazetteer starts to look for a name."""
    words = tokens(norm)
    return words[0].norm if words else ""


def _own_signature(supports: Sequence[NameSupport], chunk_id: int) -> str:
    signatures = {s.signature for s in supports if s.signature}
    if len(signatures) > 1:
        signatures = {s.signature for s in supports if s.signature and s.chunk_id == chunk_id}
    return signatures.pop() if len(signatures) == 1 else ""


def _own_type(supports: Sequence[NameSupport], *, is_signed: bool) -> str:
    """The most frequent certain type; a signed name may also take a guessed one."""
    certain = [s.type for s in supports if s.type and s.source in _CERTAIN]
    guessed = [s.type for s in supports if s.type] if is_signed else []
    types = certain or guessed
    return min(types, key=lambda type_: (-types.count(type_), type_), default="")


def _full_names(
    matches: Sequence[Match], title_norms: Sequence[str], gazetteer: Gazetteer, own_senses: Mapping[str, Sense]
) -> dict[str, str]:
    """Surnames of this chunk and whose they are: the title's person, or the only person here of that last name."""
    by_surname: dict[str, set[str]] = {}
    for norm in {*title_norms, *(match.norm for match in matches)}:
        words = norm.split()
        is_full = 1 < len(words) <= _LONGEST_PERSON_NAME
        if is_full and choose_sense(norm, gazetteer, own_senses)[0] == "PERSON":
            by_surname.setdefault(words[-1], set()).add(norm)
    full_names: dict[str, str] = {}
    for surname, people in by_surname.items():
        of_title = [norm for norm in title_norms if norm in people]
        if of_title or len(people) == 1:
            full_names[surname] = of_title[0] if of_title else next(iter(people))
    return full_names
