"""RTF by striprtf: paragraphs and table rows. The format marks no headings that could be trusted."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from kgqa.errors import InvalidInput
from kgqa.ingest.formats import plain
from kgqa.ingest.formats.parsed import Parsed, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

#: groups in groups that are read
MAXIMUM_NESTING = 500

_INFO = re.compile(r"\{\\(title|author|subject|keywords)\s+([^{}\\]{1,300})\}")


def read(data: bytes) -> Parsed:
    """Pieces of a document. Raises InvalidInput where its groups nest without end."""
    if data.count(b"{") > MAXIMUM_NESTING and _depth(data) > MAXIMUM_NESTING:
        raise InvalidInput(f"This RTF file nests deeper than {MAXIMUM_NESTING} groups.", hint="save it as DOCX.")
    source = data.decode("latin-1")
    text = rtf_to_text(source, errors="replace")
    pieces: list[Piece] = []
    paragraph: list[str] = []
    rows: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        is_row = line.count("|") > 0 and line.rstrip().endswith("|")
        if rows and not is_row:
            pieces += rows_to_pieces(rows, has_header=names_columns(rows))
            rows = []
        if is_row:
            pieces += plain.pieces("\n".join(paragraph))
            paragraph = []
            rows.append([cell.strip() for cell in line.rstrip().removesuffix("|").split("|")])
        elif line.strip():
            paragraph += [line, ""]  # every line of the output is a paragraph of the document
    pieces += plain.pieces("\n".join(paragraph))
    return Parsed(
        pieces=tuple(pieces), metadata={name: value.strip() for name, value in _INFO.findall(source[:20_000])}
    )


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for byte in data:
        if byte == 0x7B:
            depth += 1
            deepest = max(deepest, depth)
        elif byte == 0x7D:
            depth -= 1
    return deepest
