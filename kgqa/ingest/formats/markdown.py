"""Markdown (CommonMark with tables) by markdown-it-py; a front matter of simple `key: value` lines becomes metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kgqa.ingest.formats import webpage
from kgqa.ingest.formats.parsed import Parsed, Piece
from kgqa.ingest.formats.table import rows_to_pieces

#: the library leaves out what is nested deeper
MAXIMUM_NESTING = 100

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z][\w -]{0,40}):[ \t]+(\S.*)")


def read(text: str) -> Parsed:
    """Pieces of a Markdown text, markup removed; HTML inside it is read as HTML."""
    metadata, body = _front_matter(text)
    tokens = _parser().parse(body)
    is_cut = any(token.level >= MAXIMUM_NESTING - 1 for token in tokens)
    warnings = (f"Markup nested deeper than {MAXIMUM_NESTING} levels was left out.",) if is_cut else ()
    return Parsed(pieces=tuple(_pieces(tokens)), metadata=metadata, warnings=warnings)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": MAXIMUM_NESTING}).enable(["table", "strikethrough"])


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    fields = (_FIELD.fullmatch(line.strip()) for line in found[1].splitlines())
    metadata = {field[1].strip().lower(): field[2].strip().strip("\"'") for field in fields if field}
    return metadata, text[found.end() :]


@dataclass(slots=True)
class _Place:
    """Where the reader is among headings and lists."""

    #: level of the open heading, or 0
    level: int = 0
    #: next number of each open list; 0 for bullets
    lists: list[int] = field(default_factory=list[int])
    #: number of the list item that has just begun, as it is shown
    mark: str = ""

    def move(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self.level = int(token.tag[1:])
            case "heading_close":
                self.level = 0
            case "bullet_list_open":
                self.lists.append(0)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                self.mark = f"{self.lists[-1]}. " if self.lists[-1] else ""
                self.lists[-1] += bool(self.lists[-1])
            case _:
                pass


def _pieces(tokens: Sequence[Token]) -> Iterator[Piece]:
    """Block tokens come as a flat row with opening and closing tokens around inline ones."""
    place = _Place()
    rows: list[list[str]] = []
    for token in tokens:
        place.move(token)
        match token.type:
            case "tr_open":
                rows.append([])
            case "table_close":
                yield from rows_to_pieces(rows, has_header=True)
                rows = []
            case "fence" | "code_block":
                yield Piece(text=token.content, kind="code")
            case "html_block":
                yield from webpage.read(token.content).pieces
            case "inline" if rows:
                rows[-1].append(_inline(token))
            case "inline":
                kind = "heading" if place.level else "list" if place.lists else "paragraph"
                yield Piece(text=place.mark + _inline(token), kind=kind, level=place.level)
                place.mark = ""
            case _:
                pass


def _inline(token: Token) -> str:
    """Text of inline markup: links by their text, images by their description, tags left out."""
    parts: list[str] = []
    for child in token.children or ():
        if child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type != "html_inline":
            parts.append(child.content)
    return "".join(parts)
