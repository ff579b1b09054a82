"""Documents to chunks: exact spans of the text, cut where the document itself has a seam.

A chunk stays inside one section (heading path) unless that and its neighbours are tiny, does not cut a table row that
fits, and ends where a sentence ends. Where a long section is cut is decided in `ingest.seams`. In a document of
records (a table, JSON lines) a record that says enough is a chunk of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from kgqa.ingest.seams import Unit, block_units, segments
from kgqa.model.document import Block, Chunk, Document, Sentence
from kgqa.model.identity import chunk_id
from kgqa.text.language import detect_chunk
from kgqa.text.names import UNSPACED
from kgqa.text.sentences import sentence_spans

CHUNKER_VERSION = "1"

#: one character of a script without spaces, up to six of another one, or a mark
_TOKEN = re.compile(f"[{UNSPACED}]|(?:(?![{UNSPACED}])\\w){{1,6}}|[^\\w\\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkOptions:
    """How large chunks are, in tokens."""

    #: aim for the pieces of a long section
    target_tokens: int = 300
    #: a section up to this length stays whole; only a single unbroken word may be longer than this
    max_tokens: int = 400
    #: sections shorter than this are joined to neighbours that are as short
    tiny_tokens: int = 25
    #: a record at least this long is a chunk of its own
    record_tokens: int = 25


DEFAULT_OPTIONS = ChunkOptions()


def approximate_tokens(text: str) -> int:
    """About how many tokens a subword encoder makes: one for each begun six letters of a word, one for each mark.

    Against the tokenizer of multilingual-e5 on passages in English and Spanish: median .97 to 1.05, at most 1.33.
    """
    return len(_TOKEN.findall(text))


def chunk(
    document: Document,
    options: ChunkOptions = DEFAULT_OPTIONS,
    count_tokens: Callable[[str], int] = approximate_tokens,
) -> tuple[Chunk, ...]:
    """Chunks in reading order: disjoint spans that cover everything that is not space. None for an empty document."""
    blocks = document.blocks or (Block(start=0, end=len(document.text), kind="paragraph"),)
    units = [
        block_units(document.text, index, blocks, count_tokens, options.max_tokens) for index in range(len(blocks))
    ]
    tokens = [sum(unit.tokens for unit in block) for block in units]
    repeats: Counter[str] = Counter()
    chunks: list[Chunk] = []
    for part in _parts(blocks, tokens, options):
        of_part = [unit for index in part for unit in units[index]]
        for segment in segments(document.text, of_part, options.target_tokens, options.max_tokens):
            chunks.append(_chunk(document, blocks, segment, len(chunks), repeats))
    return tuple(chunks)


def _parts(blocks: Sequence[Block], tokens: Sequence[int], options: ChunkOptions) -> Iterator[list[int]]:
    """Runs of blocks (as indexes) that no chunk may cross."""
    if all(block.kind == "table" and block.row_key is not None for block in blocks):
        for is_long, run in groupby(range(len(blocks)), key=lambda index: tokens[index] >= options.record_tokens):
            records = list(run)
            yield from ([record] for record in records) if is_long else [records]
        return
    all_sections = _sections(blocks)
    for is_tiny, run in groupby(all_sections, key=lambda s: sum(tokens[index] for index in s) < options.tiny_tokens):
        sections = list(run)
        yield from [[index for section in sections for index in section]] if is_tiny else sections


def _sections(blocks: Sequence[Block]) -> list[list[int]]:
    """Runs of blocks under one heading path; headings with nothing under them go with what follows."""
    sections: list[list[int]] = []
    pending: list[int] = []
    for _, run in groupby(range(len(blocks)), key=lambda index: blocks[index].heading_path):
        pending.extend(run)
        if blocks[pending[-1]].kind != "heading":
            sections.append(pending)
            pending = []
    if pending and sections:
        sections[-1].extend(pending)
    elif pending:
        sections.append(pending)
    return sections


def _chunk(
    document: Document, blocks: Sequence[Block], units: Sequence[Unit], ordinal: int, repeats: Counter[str]
) -> Chunk:
    start, end = units[0].start, units[-1].end
    text = document.text[start:end]
    held = [blocks[index] for index in sorted({unit.block for unit in units})]
    identity = chunk_id(document.collection, document.key, text, repeats[text], CHUNKER_VERSION)
    repeats[text] += 1
    return Chunk(
        id=identity,
        ordinal=ordinal,
        text=text,
        start=start,
        end=end,
        heading_path=_heading_path(held),
        language=detect_chunk(text, document.language),
        page=held[0].page,
        sentences=tuple(Sentence(start=a, end=b) for a, b in sentence_spans(text)),
        row_key=held[0].row_key if len(held) == 1 else None,
        seconds=_seconds(held),
    )


def _seconds(blocks: Sequence[Block]) -> tuple[float, float] | None:
    """From the first to the last second that any of the blocks has."""
    spans = [block.seconds for block in blocks if block.seconds]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _heading_path(blocks: Sequence[Block]) -> tuple[str, ...]:
    """What the paths of the blocks have in common, headings themselves left aside where there is anything else."""
    paths = [block.heading_path for block in blocks if block.kind != "heading"]
    levels = zip(*(paths or [block.heading_path for block in blocks]), strict=False)
    return tuple(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))
