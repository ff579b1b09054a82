"""Subject, predicate, object from a parsed sentence, where subject and object are names.

Rules over Universal-like dependencies of spaCy's English models: active and passive verbs with particles and
prepositions, relative clauses, participles ("the kit made by Kestrel Seals"), copulas ("is head of quality at"),
appositions. A negated verb and a question claim nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Token

_SUBJECTS = ("nsubj", "nsubjpass")
_OBJECTS = ("dobj", "attr", "dative", "oprd")
_NEAR = ("compound", "appos", "nmod")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """What one verb or noun says; `place` is the offset of that word."""

    place: int
    subject: str
    predicate: str
    object: str


def triples(doc: Doc, names: Sequence[tuple[int, int, str]]) -> list[Triple]:
    """Claims between names, given as (start, end, norm), in the order of the text, without repeats."""
    owner = _owners(doc, names)
    found: list[Triple] = []
    for token in doc:
        if token.pos_ in ("VERB", "AUX") and not _is_void(token):
            found += _of_verb(token, owner)
        elif token.dep_ == "appos" and token.pos_ == "NOUN" and token.i not in owner:
            found += _of_apposition(token, owner)
    return [triple for triple in dict.fromkeys(found) if triple.subject != triple.object]


def _owners(doc: Doc, names: Sequence[tuple[int, int, str]]) -> dict[int, str]:
    """The name that each token belongs to; of overlapping names the longest."""
    owner: dict[int, str] = {}
    for start, end, norm in sorted(names, key=lambda name: (name[1] - name[0], name)):
        span = doc.char_span(start, end, alignment_mode="expand")
        if span is not None:
            owner.update(dict.fromkeys(range(span.start, span.end), norm))
    return owner


def _of_verb(verb: Token, owner: Mapping[int, str]) -> Iterator[Triple]:
    subjects = [norm for subject in _subjects(verb) for norm in _named(subject, owner)]
    for predicate, object_ in _arguments(verb, owner) if subjects else ():
        for subject in subjects:
            yield Triple(place=verb.idx, subject=subject, predicate=predicate, object=object_)


def _of_apposition(noun: Token, owner: Mapping[int, str]) -> Iterator[Triple]:
    """Elena Ruiz, head of quality at Kestrel Seals."""
    subjects = _named(noun.head, owner)
    for predicate, object_ in _prepositions(noun, noun.lemma_.lower(), owner):
        for subject in subjects:
            yield Triple(place=noun.idx, subject=subject, predicate=f"be {predicate}", object=object_)


def _subjects(verb: Token) -> list[Token]:
    """Its own subjects; else what it describes; else those of the verb that it is joined to."""
    own = [child for child in verb.children if child.dep_ in _SUBJECTS]
    if verb.dep_ == "relcl" and (not own or own[0].tag_ in ("WDT", "WP")):
        return [verb.head]
    if own:
        return own
    if verb.dep_ == "acl" and verb.tag_ in ("VBN", "VBG"):
        return [verb.head]
    if verb.dep_ == "conj" and verb.head.pos_ in ("VERB", "AUX"):
        return _subjects(verb.head)
    return []


def _arguments(verb: Token, owner: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """(predicate, object) of a verb: objects, and what stands behind its prepositions."""
    particle = next((child.lower_ for child in verb.children if child.dep_ == "prt"), "")
    predicate = f"{verb.lemma_.lower()} {particle}".strip()
    role = next((c.lemma_.lower() for c in verb.children if c.dep_ == "attr" and c.i not in owner), "")
    for child in verb.children:
        if child.dep_ in _OBJECTS:
            objects = _named(child, owner)
            yield from ((predicate, norm) for norm in objects)
            if not objects and child.pos_ == "NOUN":
                yield from _prepositions(child, f"{predicate} {child.lemma_.lower()}", owner)
    yield from _prepositions(verb, f"{predicate} {role}".strip(), owner)


def _prepositions(head: Token, predicate: str, owner: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    for preposition in head.children:
        if preposition.dep_ in ("prep", "agent"):
            for child in preposition.children:
                if child.dep_ == "pobj":
                    phrase = f"{predicate} {preposition.lower_}"
                    named = _named(child, owner)
                    yield from ((phrase, norm) for norm in named)
                    if not named and child.pos_ == "NOUN":
                        yield from _prepositions(child, f"{phrase} {child.lemma_.lower()}", owner)


def _named(token: Token, owner: Mapping[int, str]) -> list[str]:
    """Names that a noun phrase stands for: its head's, else one beside the head (the P200 pump); then joined ones."""
    norms: list[str] = []
    for member in _joined(token):
        if member.i in owner:
            norms.append(owner[member.i])
        else:
            norms += [owner[child.i] for child in member.children if child.dep_ in _NEAR and child.i in owner]
    return list(dict.fromkeys(norms))


def _joined(token: Token) -> Iterator[Token]:
    yield token
    for child in token.children:
        if child.dep_ == "conj" and child.pos_ in ("NOUN", "PROPN", "NUM"):
            yield from _joined(child)


def _is_void(verb: Token) -> bool:
    return any(child.dep_ == "neg" for child in verb.children) or verb.sent.text.rstrip().endswith("?")
