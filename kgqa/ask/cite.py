"""Citations: numbers in the text, each with the exact quote and its place in the document.

Which passage supports a sentence is found here, by comparing words; marks that a language model wrote are hints at
most and are removed. Every cited chunk is read once more, under the caller's permissions, before anything leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kgqa.ask.passages import Passage
from kgqa.ask.reasons import Reasons
from kgqa.ask.statements import Quote, Statement
from kgqa.ask.verify import support
from kgqa.model.answer import Citation, CitationReason, EvidenceChunk, View
from kgqa.ports import SearchIndex

_MARK = re.compile(r"\s*\[(?:\d+(?:\s*,\s*\d+)*)\]")
#: most passages quoted for one generated sentence
MOST_QUOTES = 2


def attach(sentence: str, pool: Sequence[Passage], language: str) -> Statement:
    """The generated sentence with the passages whose words support it best; without marks."""
    text = _MARK.sub("", sentence).strip()
    quotes: list[Quote] = []
    source = ""
    for _ in range(MOST_QUOTES):
        gains = [(support(text, f"{source} {p.text} {p.chunk.title}", language), -n) for n, p in enumerate(pool)]
        best, place = max(gains, default=(0.0, 0))
        if best <= support(text, source, language):
            break
        passage = pool[-place]
        source = f"{source} {passage.text} {passage.chunk.title}"
        quotes.append(Quote(chunk=passage.chunk, start=passage.start, end=passage.end))
    return Statement(text=text, quotes=tuple(quotes))


def still_readable(statements: Sequence[Statement], view: View, index: SearchIndex) -> list[Statement]:
    """Statements whose every quote the caller may still read, unchanged."""
    wanted = sorted({quote.chunk.chunk_id for statement in statements for quote in statement.quotes})
    now = {chunk.chunk_id: (chunk.text, chunk.start) for chunk in index.evidence(view, wanted)}
    return [
        statement
        for statement in statements
        if all(now.get(q.chunk.chunk_id) == (q.chunk.text, q.chunk.start) for q in statement.quotes)
    ]


@dataclass(slots=True, kw_only=True)
class Citations:
    """Numbers given so far; the same quote keeps its number."""

    #: of the question: translations into it are shown
    language: str = ""
    found: list[Citation] = field(default_factory=list[Citation])

    def mark(self, statement: Statement, reasons: Reasons) -> tuple[str, list[Citation]]:
        """The statement with its marks, and the citations that are new."""
        new: list[Citation] = []
        numbers: list[int] = []
        for quote in statement.quotes:
            citation = self._known(quote)
            if citation is None:
                why = reasons.why(quote.chunk.chunk_id, statement)
                citation = _citation(len(self.found) + 1, quote, why, self.language)
                self.found.append(citation)
                new.append(citation)
            numbers.append(citation.n)
        marks = "".join(f"[{n}]" for n in numbers)
        return f"{statement.text} {marks}", new

    def _known(self, quote: Quote) -> Citation | None:
        start = quote.chunk.start + quote.start
        end = quote.chunk.start + quote.end
        same = (c for c in self.found if (c.chunk_id, c.start, c.end) == (quote.chunk.chunk_id, start, end))
        return next(same, None)


def _citation(n: int, quote: Quote, reason: CitationReason, language: str) -> Citation:
    chunk = in_language(quote.chunk, language)
    return Citation(
        n=n,
        document_id=chunk.document_id,
        document_key=chunk.document_key,
        title=chunk.title,
        uri=chunk.uri,
        chunk_id=chunk.chunk_id,
        heading_path=chunk.heading_path,
        page=chunk.page,
        start=chunk.start + quote.start,
        end=chunk.start + quote.end,
        quote=quote.text,
        reason=reason,
        seconds=chunk.seconds,
        translation=chunk.translation,
        translation_language=chunk.translation_language,
    )


def in_language(chunk: EvidenceChunk, language: str) -> EvidenceChunk:
    """The chunk, without a translation that is not into this language: who asks in another needs none."""
    return chunk if chunk.translation_language == language else replace(chunk, translation="", translation_language="")
