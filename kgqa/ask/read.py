"""A reader's word for the short answer, where one is configured. It is believed only as far as the text says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from kgqa.ask.compose import Draft
from kgqa.model.answer import Question


class SpanReader(Protocol):
    """A model that points at the answer inside a text."""

    def read(self, question: str, text: str) -> tuple[int, int] | None:
        """Offsets of the answer in `text`; None where the text does not answer."""
        ...


def shorten(draft: Draft, question: Question, reader: SpanReader | None) -> Draft:
    """The draft with the reader's span of the chosen sentences as its short answer; the draft where it finds none.

    What was answered step by step keeps its answer: the reader sees sentences, not steps.
    """
    if reader is None or draft.stepwise or not draft.passages:
        return draft
    text = " ".join(passage.text for passage in draft.passages)
    span = reader.read(question.text, text)
    found = text[slice(*span)].strip(" ,.;:") if span else ""
    inside = any(found in passage.text for passage in draft.passages)
    return replace(draft, short=found) if found and inside else draft
