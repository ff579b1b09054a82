"""What a question says: its language, the visible names it uses, and what it asks for."""

from __future__ import annotations

import re

from kgqa.ask.asks import asks
from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.model.answer import Question, View
from kgqa.ports import Extractor, SearchIndex
from kgqa.text.gazetteer import Gazetteer, candidates
from kgqa.text.language import detect
from kgqa.text.names import normalise, tokens

#: a code: letters and digits together, or digits joined by hyphens or dots ("E-417", "HP-7731-04", "P350", "4.2")
CODE = re.compile(r"\b(?=[\w./-]*\d)(?:[A-Za-z]+[-./]?\d[\w./-]*|\d+[-./]\d[\w./-]*|\d+[A-Za-z]+\w*)(?<![./-])")


def understand(
    text: str, view: View, index: SearchIndex, extractor: Extractor, *, most_characters: int = 2_000
) -> Question:
    """Read a question. One look-up of names. Raises `InvalidInput` (nothing to read) or `LimitExceeded`."""
    text = " ".join(text.split())
    if len(text) > most_characters:
        raise LimitExceeded(f"The question is longer than {most_characters} characters.")
    if not tokens(text):
        raise InvalidInput("The question has no words.", hint="Ask in a sentence.")
    language = detect(text)
    surfaces = tuple(dict.fromkeys([*extractor.names(text, language), *(m[0] for m in CODE.finditer(text))]))
    named = {normalise(surface) for surface in surfaces} - {""}
    possible = candidates(text, index.longest_name_tokens(view)) | named
    hits = {hit.norm: hit for hit in index.names(view, sorted(possible))}
    found = [match.norm for match in Gazetteer.of_norms(hits).find(text)]
    norms = tuple(dict.fromkeys([*found, *(norm for norm in sorted(named) if norm in hits)]))
    return Question(
        text=text,
        language=language,
        name_ids=tuple(hits[norm].name_id for norm in norms),
        names=norms,
        answer_type=asks(text, language)[0].type,
        surfaces=surfaces,
    )
