"""HTML by selectolax: text as a browser shows it, without scripts, navigation and what is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgqa.ingest.formats.parsed import Parsed, Piece
from kgqa.ingest.formats.table import rows_to_pieces

_DROPPED = (
    "script, style, noscript, template, nav, iframe, object, svg, canvas, button, select, textarea, form input, "
    "[hidden], [aria-hidden=true], [style*='display:none'], [style*='display: none'], [style*='visibility:hidden']"
)
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "h1", "h2", "h3", "h4", "h5", "h6",
))  # fmt: skip
_META = {
    "author": "author",
    "dc.creator": "author",
    "article:author": "author",
    "article:published_time": "created",
    "date": "created",
    "dc.date": "created",
    "article:modified_time": "modified",
    "last-modified": "modified",
    "subject": "subject",
    "description": "description",
    "keywords": "keywords",
}
_SPACE = re.compile(r"\s+")


def read(text: str) -> Parsed:
    """Pieces and metadata of a page or of a fragment of one."""
    tree = LexborHTMLParser(text)
    metadata = _metadata(tree)
    for node in tree.css(_DROPPED):
        node.decompose()
    pieces = tuple(_Reader().read(tree.body)) if tree.body is not None else ()
    return Parsed(pieces=pieces, metadata=metadata)


@dataclass(slots=True)
class _Reader:
    """Text of the block that is open, and where it stands."""

    buffer: list[str] = field(default_factory=list[str])
    kind: str = "paragraph"
    level: int = 0

    def read(self, body: LexborNode) -> Iterator[Piece]:
        """Pieces in reading order. An explicit stack: pages nest deeper than Python recurses."""
        todo: list[tuple[LexborNode, bool]] = [(body, True)]
        while todo:
            node, is_opening = todo.pop()
            tag = node.tag or ""
            if tag == "-text":
                self._append(node.text_content or "")
            elif tag == "br":
                self.buffer.append("\n")
            elif not is_opening:
                yield from self.flush()
            elif tag == "table" and not node.css("table table, h1, h2, h3, h4"):
                yield from self.flush()
                yield from _table(node)
            else:
                if tag in _BLOCKS:
                    yield from self.flush()
                    self.kind, self.level = _kind(node, self.kind)
                    todo.append((node, False))
                todo.extend((child, True) for child in reversed(_children(node)))
        yield from self.flush()

    def flush(self) -> Iterator[Piece]:
        """The open block as a piece, if it has text; what follows is an ordinary paragraph."""
        text = "".join(self.buffer).strip()
        if text:
            yield Piece(text=text, kind=self.kind, level=self.level)
        self.buffer, self.kind, self.level = [], "paragraph", 0

    def _append(self, text: str) -> None:
        self.buffer.append(text if self.kind == "code" else _SPACE.sub(" ", text))


def _kind(node: LexborNode, outer: str) -> tuple[str, int]:
    tag = node.tag or ""
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
        return "heading", int(tag[1])
    if tag in ("li", "dt", "dd") or (tag == "p" and node.parent is not None and node.parent.tag == "li"):
        return "list", 0
    return ("code", 0) if tag == "pre" else (outer if outer == "code" else "paragraph", 0)


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _table(table: LexborNode) -> Iterator[Piece]:
    """Rows of a data table. A first row of `th` names the columns; a caption comes first."""
    for caption in table.css("caption"):
        if text := _text(caption):
            yield Piece(text=text)
    rows = [[cell for cell in _children(row) if cell.tag in ("td", "th")] for row in table.css("tr")]
    rows = [row for row in rows if row]
    has_header = len(rows) > 1 and len(rows[0]) > 1 and all(cell.tag == "th" for cell in rows[0])
    yield from rows_to_pieces([[_text(cell) for cell in row] for row in rows], has_header=has_header)


def _text(node: LexborNode) -> str:
    return _SPACE.sub(" ", node.text(separator=" ")).strip()


def _metadata(tree: LexborHTMLParser) -> dict[str, str]:
    metadata: dict[str, str] = {}
    title = tree.css_first("title")
    if title is not None and _text(title):
        metadata["title"] = _text(title)
    for node in tree.css("meta"):
        name = (node.attributes.get("name") or node.attributes.get("property") or "").lower()
        content = (node.attributes.get("content") or "").strip()
        if name in _META and content:
            metadata.setdefault(_META[name], content)
    return metadata
