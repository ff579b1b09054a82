"""XML of any kind by lxml: text in reading order, titles as headings, tables as rows; entities are never resolved.

JATS, DocBook, DITA and TEI call headings `title` or `head` and paragraphs `p` or `para`, so a heading's level is the
number of titled elements around it. XML without such elements holds records: what has only fields is a row of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled, without types

from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import Parsed, Piece
from kgqa.ingest.formats.table import names_columns, row_text, rows_to_pieces

#: an element; the library has no types
Element: TypeAlias = Any

_TITLES = frozenset(("title", "head", "article-title", "heading", "book-title", "chapter-title"))
_PARAGRAPHS = frozenset((
    "p", "para", "simpara", "ab", "caption", "fn", "footnote", "note", "shortdesc", "quote", "l", "ref", "bibl", "cmd",
    "contrib", "aff", "author", "name", "person-name", "string-name", "mixed-citation", "element-citation", "citation",
))  # fmt: skip
#: elements of documents alone: records have titles and names too
_DOCUMENT = frozenset(("p", "para", "simpara", "ab", "shortdesc", "cmd", "sec", "section", "article-title", "tgroup"))
_ITEMS = frozenset(("li", "item", "list-item", "listitem", "step", "sli", "dd", "dt", "def-item"))
_TABLES = frozenset(("table", "tgroup", "simpletable", "informaltable"))
_ROWS = frozenset(("tr", "row", "sthead", "strow"))
_CELLS = frozenset(("td", "th", "entry", "cell", "stentry"))
_CODE = frozenset(("pre", "codeblock", "programlisting", "screen"))
#: pictures and formulas as numbers, and what JATS says about the journal rather than the article
_DROPPED = frozenset((
    "script", "style", "svg", "math", "journal-meta", "article-id", "pub-date", "history", "permissions", "counts",
    "article-categories", "self-uri", "funding-group",
))  # fmt: skip
_METADATA = {"creator": "author", "date": "created", "created": "created", "modified": "modified", "subject": "subject"}
_SPACE = re.compile(r"\s+")


def read(data: bytes) -> Parsed:
    """Pieces of a document, or of records. Raises InvalidInput where it is not well-formed."""
    root = parse(data)
    names = {_name(node) for node in root.iter(etree.Element)}
    is_document = bool(names & _DOCUMENT)
    declares = b"<!ENTITY" in data[:65_536]
    return Parsed(
        pieces=tuple(_document(root, 0) if is_document else _records(root)),
        metadata=_metadata(root),
        warnings=("Entities that the file declares were left out.",) if declares else (),
    )


def parse(data: bytes) -> Element:
    """The root element. Nothing outside the bytes is opened, no entity is resolved, and nesting is bounded."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        if "amplification" in str(problem):
            raise InvalidInput(
                "The entities that this XML file declares grow without end.", hint="make it again from its source."
            ) from None
        message = f"This is not well-formed XML: {str(problem).rstrip('.')}."
        raise InvalidInput(message, hint="check that the file is complete.") from None


def _document(node: Element, level: int) -> Iterator[Piece]:
    """Pieces below an element, in order; recursion is bounded by the nesting that the parser lets pass."""
    name = _name(node)
    if name in _DROPPED or not name:
        return
    if name in _TITLES:
        yield Piece(text=text_of(node), kind="heading", level=max(level, 1))
    elif name in _TABLES and any(_name(part) in _ROWS for part in node.iter(etree.Element)):
        yield from _table(node)
    elif name in _CODE:
        yield Piece(text="".join(_texts(node)), kind="code")
    elif name in _ITEMS:
        yield from _items(node, level)
    elif name in _PARAGRAPHS or _is_mixed(node) or len(node) == 0:
        yield from _block(node, "paragraph", level)
    else:
        titled = any(_name(child) in _TITLES for child in node)
        for child in node:
            yield from _document(child, level + titled)


def _block(node: Element, kind: str, level: int) -> Iterator[Piece]:
    """The text of an element as one piece, cut where a list, table, title or code stands in it."""
    buffer = [node.text or ""]

    def flush() -> Iterator[Piece]:
        text = _SPACE.sub(" ", "".join(buffer)).strip()
        buffer.clear()
        if text:
            yield Piece(text=text, kind=kind)

    for child in node:
        name = _name(child)
        own = name in _TITLES | _TABLES | _CODE | _ITEMS or any(_name(part) in _ITEMS | _ROWS for part in child.iter())
        if own or (name in ("p", "para", "simpara") and not _is_mixed(node)):
            yield from flush()
            yield from _items(child, level) if name in _ITEMS else _document(child, level)
        elif name not in _DROPPED:
            # Words of elements that touch are words of their own where the markup is that of names and references.
            buffer.append("".join(_texts(child)) if _is_mixed(node) else f" {text_of(child)} ")
        buffer.append(child.tail or "")
    yield from flush()


def _items(node: Element, level: int) -> Iterator[Piece]:
    for piece in _block(node, "list", level):
        yield Piece(text=piece.text, kind="list") if piece.kind == "paragraph" else piece


def _table(node: Element) -> Iterator[Piece]:
    for part in node:
        if _name(part) in ("caption", "title", "label"):
            yield Piece(text=text_of(part))
    rows = [
        [text_of(cell) for cell in row if _name(cell) in _CELLS]
        for row in node.iter(etree.Element)
        if _name(row) in _ROWS
    ]
    rows = [row for row in rows if any(row)]
    yield from rows_to_pieces(rows, has_header=names_columns(rows))


def _records(node: Element) -> Iterator[Piece]:
    """What has fields (attributes, elements with text alone) is one row of them; around it may be more such."""
    todo = [node]
    while todo:
        element = todo.pop()
        leaves = [child for child in element if len(child) == 0]
        fields = [(_local(name), value) for name, value in element.attrib.items() if not name.startswith("{")]
        fields += [(_local(str(child.tag)), text_of(child)) for child in leaves if _name(child)]
        fields += [
            (f"{_local(str(child.tag))} {_local(str(name))}", str(value))
            for child in leaves
            for name, value in child.attrib.items()
            if not str(name).startswith("{")
        ]
        own = _SPACE.sub(" ", "".join([element.text or "", *(child.tail or "" for child in element)])).strip()
        filled = [(str(name), str(value).strip()) for name, value in [*fields, ("", own)] if str(value).strip()]
        if filled:
            text = row_text([name for name, _ in filled], [value for _, value in filled])
            yield Piece(text=text, kind="table", row_key=filled[0][1][:120])
        todo.extend(child for child in reversed(element) if len(child) > 0)


def text_of(node: Element) -> str:
    """All text in an element, as one line."""
    return _SPACE.sub(" ", "".join(_texts(node))).strip()


def _texts(node: Element) -> Iterator[str]:
    """Text in order, without what is dropped; unresolved entities are nothing."""
    if not _name(node) or _name(node) in _DROPPED:
        return
    yield node.text or ""
    for child in node:
        yield from _texts(child)
        yield child.tail or ""


def _is_mixed(node: Element) -> bool:
    return bool((node.text or "").strip()) or any((child.tail or "").strip() for child in node)


def _name(node: Element) -> str:
    """Name without namespace in lower case; nothing for what is not an element (an entity)."""
    return _local(node.tag).lower() if isinstance(node.tag, str) else ""


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _metadata(root: Element) -> dict[str, str]:
    """Title, author and dates, as far as elements of these names say them."""
    metadata: dict[str, str] = {}
    for node in root.iter(etree.Element):
        name = _name(node)
        field = "title" if name in _TITLES else _METADATA.get(name)
        if field and field not in metadata and (text := text_of(node)) and len(text) <= 300:
            metadata[field] = text
    return metadata
