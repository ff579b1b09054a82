"""The sentences of the evidence, each with what choosing among them needs to know."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgqa.ask.expand import SentenceScores
from kgqa.ask.words import terms
from kgqa.model.answer import EvidenceChunk
from kgqa.ports import MentionRow

#: "Label: value" in a table row, a record or a list
FIELD = re.compile(r"(?:^|[;|\n•*-]\s*)(?P<label>[^\W\d_][^:;|\n\d]{1,30}?)\s*:\s*(?P<value>[^;|\n]+)")

#: between the cells of a table row whose columns are named in the first row
CELL = " | "


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One sentence, list item or table row of an evidence chunk."""

    chunk: EvidenceChunk
    #: offsets relative to the chunk
    start: int
    end: int
    #: cosine with the question
    cosine: float
    #: words of the sentence itself, and of the title and headings that it stands under
    terms: frozenset[int]
    context: frozenset[int]
    #: names in the sentence, and names that the chunk stands under
    mentions: tuple[MentionRow, ...]
    titles: tuple[MentionRow, ...] = ()

    @property
    def text(self) -> str:
        """The sentence on one line."""
        return " ".join(self.chunk.text[self.start : self.end].split())

    @property
    def names(self) -> frozenset[int]:
        """Ids of the names in the sentence; a field's label names nothing."""
        return frozenset(mention.name_id for mention in self.mentions)

    @property
    def title_names(self) -> frozenset[int]:
        """Ids of the names that the chunk stands under."""
        return frozenset(row.name_id for row in self.titles)

    def opens(self, characters: int) -> bool:
        """Whether it stands in the first so many characters of its document."""
        return self.chunk.start + self.start < characters

    @property
    def is_record(self) -> bool:
        """Whether it is a row of a table or a record: fields, not prose."""
        return len(FIELD.findall(self.text)) > 1 or self.text.count(CELL) > 1


def passages(
    chunks: Sequence[EvidenceChunk],
    scores: SentenceScores,
    mentions: Sequence[MentionRow],
    language: str,
) -> tuple[Passage, ...]:
    """Sentences of the chunks, in the order of the chunks. Words are read in the language of the question."""
    by_chunk: Mapping[int, list[MentionRow]] = defaultdict(list)
    for mention in mentions:
        by_chunk[mention.chunk_id].append(mention)
    found: list[Passage] = []
    for chunk in chunks:
        cosines = {(start, end): cosine for start, end, cosine in scores.get(chunk.chunk_id, ())}
        rows = by_chunk[chunk.chunk_id]
        context = terms(" ".join((chunk.title, *chunk.heading_path)), language)
        titles = tuple(row for row in rows if row.is_title)
        for start, end in chunk.sentences or ((0, len(chunk.text)),):
            labels = _labels(chunk.text, start, end)
            inside = tuple(
                row
                for row in rows
                if not row.is_title
                and start <= row.start
                and row.end <= end
                and not any(a <= row.start and row.end <= b for a, b in labels)
            )
            found.append(
                Passage(
                    chunk=chunk,
                    start=start,
                    end=end,
                    cosine=cosines.get((start, end), 0.0),
                    terms=terms(chunk.text[start:end], language),
                    context=context,
                    mentions=inside,
                    titles=titles,
                )
            )
    return tuple(found)


def _labels(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the labels of a record's fields. "E-417: water in the seal" is no record, and its E-417 is a name."""
    fields = list(FIELD.finditer(text, start, end))
    return [match.span("label") for match in fields] if len(fields) > 1 else []
