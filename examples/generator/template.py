"""Reads a template, fills its slots from the world and gives a Document.

A template is front matter (`key: value` lines up to `---`) and a body of light markup: `## heading`, `- point`,
`1. point`, `| cell | cell |`, `=== page`, `@record` with `field: value` lines, and one paragraph per line. Slots are
those of `str.format`: `{new.code}`, `{co_seal.day:es}`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from examples.generator.document import Block, Bullets, Document, Heading, PageBreak, Paragraph, Record, Table

FOLDER = Path(__file__).resolve().parent.parent / "templates"
_POINT = re.compile(r"(?:-|\d+\.) (.+)")


def documents(slots: Mapping[str, object]) -> list[Document]:
    """Every document of the lake, ordered by path."""
    found = [read_document(file, slots) for file in sorted(FOLDER.glob("*.txt"))]
    return sorted(found, key=lambda document: document.path)


def read_document(file: Path, slots: Mapping[str, object]) -> Document:
    """One template with its slots filled; a slot that the world lacks is a KeyError that names the template."""
    try:
        filled = file.read_text(encoding="utf-8").format_map(slots)
    except (KeyError, AttributeError) as error:
        raise KeyError(f"{file.name}: the world has no {error}") from error
    head, body = filled.split("\n---\n", 1)
    matter = dict(line.split(": ", 1) for line in head.splitlines())
    known = {key: matter.pop(key, "") for key in ("path", "title", "language", "access", "date", "author")}
    return Document(
        name=file.stem,
        path=known["path"],
        title=known["title"],
        language=known["language"] or "en",
        access=known["access"] or "public",
        date=known["date"],
        author=known["author"],
        extra=matter,
        blocks=tuple(_blocks(body.splitlines())),
    )


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    body = [line for line in lines if line.strip()]
    if body[0] == "@record":
        yield from _records(body)
        return
    for kind, group in groupby(body, key=_kind):
        texts = list(group)
        if kind == "table":
            yield Table(rows=tuple(tuple(cell.strip() for cell in row.strip("|").split("|")) for row in texts))
        elif kind == "points":
            yield Bullets(items=tuple(_POINT.sub(r"\1", text) for text in texts))
        elif kind == "page":
            yield PageBreak()
        else:
            for text in texts:
                yield Heading(text=text[3:]) if kind == "heading" else Paragraph(text=text)


def _kind(line: str) -> str:
    if line.startswith("## "):
        return "heading"
    if line.startswith("|"):
        return "table"
    if line == "=== page":
        return "page"
    return "points" if _POINT.match(line) else "paragraph"


def _records(lines: Iterable[str]) -> Iterator[Record]:
    fields: dict[str, str] = {}
    for line in lines:
        if line == "@record":
            if fields:
                yield Record(fields=fields)
            fields = {}
        else:
            name, value = line.split(": ", 1)
            fields[name] = value
    yield Record(fields=fields)
