"""Personal data and questions: values become tokens before anything is looked for, and values again when shown.

Documents of a masked collection hold tokens, so a question that names a value has to hold the same token to find it.
A value that the reader knows from the question alone, and the collection does not have, is masked too: prompts and
logs see no clear value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kgqa.model.answer import Answer, View
from kgqa.model.pii import PiiSpan
from kgqa.ports import SearchIndex
from kgqa.text.language import detect
from kgqa.text.names import normalise, tokens
from kgqa.text.pseudonyms import TOKEN, Pseudonyms, tokens_in

#: longest value that a question is searched for, in words
MOST_WORDS = 6
#: longest text that is searched for values; `understand` refuses longer ones
MOST_CHARACTERS = 2_000


class Detector(Protocol):
    """Finds personal data; `ingest.mask.PiiDetector` has more."""

    @property
    def types(self) -> frozenset[str]:
        """What it looks for."""
        ...

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        """Spans in order, without overlaps."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionMask:
    """How questions to one masked collection are masked."""

    pseudonyms: Pseudonyms
    detector: Detector

    def mask(self, text: str, view: View, index: SearchIndex) -> str:
        """The question with tokens: for runs of words that are a visible token's value, then for what is detected."""
        if len(text) > MOST_CHARACTERS:
            return text
        possible = self._possible(text)
        known = {hit.norm for hit in index.names(view, sorted(possible))}
        spans = sorted((place for norm in known for place in possible[norm]), key=lambda s: (s[0] - s[1], s[0]))
        spans += [
            (span.start, span.end, self.pseudonyms.token(text[span.start : span.end], span.type))
            for span in self.detector.find(text, detect(text))
        ]
        kept: list[tuple[int, int, str]] = [(*match.span(), match[0]) for match in TOKEN.finditer(text)]
        for start, end, token in spans:
            if all(end <= other[0] or start >= other[1] for other in kept):
                kept.append((start, end, token))
        for start, end, token in sorted(kept, reverse=True):
            text = f"{text[:start]}{token}{text[end:]}"
        return text

    def _possible(self, text: str) -> Mapping[str, list[tuple[int, int, str]]]:
        """Places and tokens by the norm that the token has as a name."""
        words = tokens(text)
        found: dict[str, list[tuple[int, int, str]]] = {}
        for first in range(len(words)):
            for last in words[first : first + MOST_WORDS]:
                start, end = words[first].start, last.end
                for type_ in self.detector.types:
                    token = self.pseudonyms.token(text[start:end], type_)
                    found.setdefault(normalise(token), []).append((start, end, token))
        return found


def masked_tokens(answer: Answer) -> list[str]:
    """Tokens that an answer shows, each once."""
    return tokens_in("\n".join(_strings(answer)))


def revealed(answer: Answer, values: Mapping[str, str]) -> Answer:
    """The answer with values for tokens. Offsets of quotes go on counting in the document, which holds the tokens."""

    def show(text: str) -> str:
        return TOKEN.sub(lambda match: values.get(match[0], match[0]), text)

    def path(parts: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(show, parts))

    evidence = replace(
        answer.evidence,
        chunks=tuple(
            replace(
                c,
                text=show(c.text),
                title=show(c.title),
                heading_path=path(c.heading_path),
                translation=show(c.translation),
            )
            for c in answer.evidence.chunks
        ),
    )
    citations = tuple(
        replace(
            c,
            quote=show(c.quote),
            title=show(c.title),
            heading_path=path(c.heading_path),
            translation=show(c.translation),
        )
        for c in answer.citations
    )
    return replace(
        answer,
        question=show(answer.question),
        text=show(answer.text),
        short=show(answer.short),
        citations=citations,
        evidence=evidence,
    )


def _strings(answer: Answer) -> list[str]:
    found = [answer.question, answer.text, answer.short]
    for citation in answer.citations:
        found += [citation.quote, citation.title, *citation.heading_path, citation.translation]
    for chunk in answer.evidence.chunks:
        found += [chunk.text, chunk.title, *chunk.heading_path, chunk.translation]
    return found
