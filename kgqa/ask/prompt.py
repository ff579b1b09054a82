"""The prompt for a language model: `kgqa/prompts/answer.md`, filled in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from kgqa.model.answer import EvidenceChunk, Question
from kgqa.text.timestamps import time_span

#: what the model is told to say when the passages do not answer
NO_ANSWER = "NO ANSWER"
_LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese"}


def render(question: Question, chunks: Sequence[EvidenceChunk]) -> str:
    """The prompt for one question over these chunks, in their order."""
    passages = "\n\n".join(f"[{n}] {_place(chunk)}\n{chunk.text}" for n, chunk in enumerate(chunks, start=1))
    language = _LANGUAGES.get(question.language, "the language of the question")
    # Replaced in one pass, so that braces or field names inside a document stay what they are.
    fields = {"language": language, "passages": passages, "question": question.text}
    parts = _template().split("{")
    return parts[0] + "".join(fields[name] + rest for name, _, rest in (part.partition("}") for part in parts[1:]))


def _place(chunk: EvidenceChunk) -> str:
    page = [f"page {chunk.page}"] if chunk.page else []
    time = [time_span(chunk.seconds)] if chunk.seconds else []
    return " > ".join(part for part in (chunk.title, *chunk.heading_path, *page, *time) if part)


@cache
def _template() -> str:
    return files("kgqa.prompts").joinpath("answer.md").read_text(encoding="utf-8")
