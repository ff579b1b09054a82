"""A nested question as steps: "the bin of the part behind E-417 on the pump that replaced the P200" asks three things.

A description that names nothing ("the part behind", "the pump that replaced") stands for something to be found first.
Descriptions nest to the right in English and Spanish, so the last one is the first step. Words between a described
thing and its relative pronoun ("the part founded that ...") belong to what is asked last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgqa.ask.asks import Ask, noun_type
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.text.gazetteer import Gazetteer
from kgqa.text.names import normalise

_DESCRIPTION = re.compile(
    r"\b(?:the|our|an?|el|la|los|las|del|al|una?|nuestr[oa])\s+(?P<first>[^\W\d]+)(?=(?:\s+(?P<second>[^\W\d]+))?)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"(?:that|which|who|whom|whose|behind|que|quien|cuy[oa])", re.IGNORECASE)
_NEXT_WORD = re.compile(r"\W*(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to be found: by names of the question, and by what the step before it has found."""

    #: type as `Ask.type` has it; `` where anything may fit
    type: str
    #: the noun that describes it, and all words of the step but that noun
    noun: str
    text: str
    terms: frozenset[int]
    #: names of the question that the step uses
    names: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    start: int
    noun: str
    #: place of the noun's end, and of a relative pronoun behind it
    end: int
    resumes: int


def named(question: Question) -> dict[str, int]:
    """Names of the question by normal form; those that no document's name matches have negative numbers."""
    known = dict(zip(question.names, question.name_ids, strict=True))
    others = (norm for surface in question.surfaces if (norm := normalise(surface)) and norm not in known)
    return {**{norm: -n for n, norm in enumerate(dict.fromkeys(others), start=1)}, **known}


def steps(ask: Ask, question: Question, kinds: frozenset[str]) -> tuple[Step, ...]:
    """The steps of one ask in the order in which they are found; the last one is what is asked.

    `kinds`: words of the types of names in the evidence ("part", "change", "order").
    """
    text = ask.text
    found = _descriptions(text, ask, question, kinds)
    cuts = [*(d.start for d in found), len(text)]
    strays = " ".join(text[d.end : d.resumes] for d in found)
    steps = [_step(ask.type, ask.focus, f"{text[: cuts[0]]} {strays}", question)]
    for description, end in zip(found, cuts[1:], strict=True):
        body = text[description.resumes : end]
        steps.append(_step(noun_type(description.noun), description.noun, body, question))
    return tuple(reversed(steps))


def _step(kind: str, noun: str, text: str, question: Question) -> Step:
    ids = named(question)
    names = frozenset(ids[match.norm] for match in Gazetteer.of_norms(ids).find(text))
    return Step(type=kind, noun=noun, text=text, terms=terms(text, question.language), names=names)


def _descriptions(text: str, ask: Ask, question: Question, kinds: frozenset[str]) -> list[_Description]:
    """Descriptions of unnamed things, in the order of the text."""
    names = [match.start for match in Gazetteer.of_norms(named(question)).find(text)]
    asked = ask.focus.split()
    found: list[_Description] = []
    for match in _DESCRIPTION.finditer(text):
        if match["first"] in asked and not found:
            continue
        one = _described(text, match, kinds)
        if one and not any(match.start("first") <= start <= one.end + 1 for start in names):
            found.append(one)
    return found


def _described(text: str, match: re.Match[str], kinds: frozenset[str]) -> _Description | None:
    """The thing that an article introduces, if it is of a known kind or a relative clause tells which one it is."""
    first, second = match["first"], match["second"] or ""
    noun, end = first, match.end("first")
    if second and (second in kinds or noun_type(second)) and not _RELATIVE.fullmatch(second):
        noun, end = f"{first} {second}", match.end("second")
    following = _words_after(text, end)
    relative = next((n for n, (_, word) in enumerate(following) if _RELATIVE.fullmatch(word)), None)
    # "the parts list": a plural is no single thing to be found.
    known = any(word in kinds or noun_type(word) for word in noun.split() if not word.endswith("s"))
    if not known and relative != 0:
        return None
    resumes = following[relative][0] if relative else end
    return _Description(start=match.start(), noun=noun, end=end, resumes=resumes)


def _words_after(text: str, place: int) -> Sequence[tuple[int, str]]:
    """The next two words and where they start."""
    found: list[tuple[int, str]] = []
    while len(found) < 2 and (match := _NEXT_WORD.match(text, place)):
        found.append((match.start(1), match[1]))
        place = match.end()
    return found
