"""Names that a document has by what it is: title, headings, keys of table rows, people and things in its metadata.

What its sentences name is the work of an `Extractor`. Both give name supports; mentions follow from the gazetteer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import getaddresses
from pathlib import PurePosixPath

from kgqa.ingest.tables import reads_as_name
from kgqa.model.document import Chunk, Document
from kgqa.model.mention import NameSource, NameSupport
from kgqa.text.names import is_nameable, normalise, title_names, tokens

#: metadata whose values are people
PEOPLE_KEYS = frozenset(
    ("author", "authors", "from", "to", "cc", "creator", "editor", "owner", "reviewer", "approver", "contact", "sender",
     "last_modified_by")
)  # fmt: skip
#: metadata that name no thing
_OTHER_KEYS = re.compile(
    r"title|subject|date|time|created|modified|updated|language|lang|generator|producer|format|type|encoding|charset|"
    r"version|id|message|uri|url|description|summary|keywords|comments?|status|revision|pages?|size|hash|access"
)
#: metadata that tell a page about a person from a page about a person of the same name
_EMPLOYER_KEYS = ("employer", "affiliation")
_LONGEST_NAME = 8
_FEWEST_DIGITS = 5
_BRACKET = re.compile(r"[(（]([^()（）]+)[)）]\s*$")


def document_names(document: Document, chunks: Sequence[Chunk]) -> list[NameSupport]:
    """Supports of a document's names, those of the whole document first, then by chunk; without repeats."""
    found = [*_title_supports(document), *_metadata_supports(document)]
    for chunk in chunks:
        found += _heading_supports(document, chunk)
        found += _row_supports(document, chunk)
    return list(dict.fromkeys(found))


def bracket_signature(name: str) -> str:
    """What a final bracket says to tell a name from its homonyms; empty for an acronym or the number of a copy.

    >>> bracket_signature("Elena Ruiz (Quality)"), bracket_signature("Northline Castings (NLC)")
    ('quality', '')
    """
    match = _BRACKET.search(name)
    if not match or not normalise(name[: match.start()]):
        return ""
    inside = match.group(1).strip()
    is_acronym = inside.isupper() and " " not in inside
    norm = normalise(inside)
    return "" if is_acronym or (norm.isdigit() and len(norm) < 3) else norm


def _title_supports(document: Document) -> Iterator[NameSupport]:
    title = document.title.strip() or PurePosixPath(document.key).stem
    employer = next((document.metadata[key] for key in _EMPLOYER_KEYS if document.metadata.get(key)), "")
    signature = bracket_signature(title) or normalise(employer)
    for norm in title_names(title):
        yield NameSupport(
            norm=norm,
            surface=title,
            type="",
            source=NameSource.TITLE,
            signature=signature if norm == normalise(title) else "",
        )


def _metadata_supports(document: Document) -> Iterator[NameSupport]:
    for key, value in sorted(document.metadata.items()):
        if key.lower() in PEOPLE_KEYS:
            surfaces = _people(value)
        elif _OTHER_KEYS.search(key.lower()):
            continue
        else:
            surfaces = [value]
        for surface in surfaces:
            is_person = key.lower() in PEOPLE_KEYS and "@" not in surface and " " in surface.strip()
            if _is_name(surface):
                yield NameSupport(
                    norm=normalise(surface),
                    surface=surface.strip(),
                    type="PERSON" if is_person else "",
                    source=NameSource.METADATA,
                )


def _people(value: str) -> list[str]:
    """Names in a field of an author or of a mail header; addresses without a name as they are."""
    if "@" not in value:
        return re.split(r"[;,\n]| and ", value)
    return [name or address for name, address in getaddresses(re.split(r"[;\n]", value))]


def _heading_supports(document: Document, chunk: Chunk) -> Iterator[NameSupport]:
    for heading in chunk.heading_path:
        norm = normalise(heading)
        if is_nameable(norm) and heading != document.title and len(tokens(norm)) <= _LONGEST_NAME:
            yield NameSupport(
                norm=norm,
                surface=heading.strip(),
                type="",
                source=NameSource.HEADING,
                signature=bracket_signature(heading),
                chunk_id=chunk.id,
            )


def _row_supports(document: Document, chunk: Chunk) -> Iterator[NameSupport]:
    """Keys of the rows that start in the chunk; a chunk holds one row or many."""
    for block in document.blocks:
        if block.row_key and chunk.start <= block.start < chunk.end and reads_as_name(block.row_key, alone=True):
            yield NameSupport(
                norm=normalise(block.row_key),
                surface=block.row_key.strip(),
                type="",
                source=NameSource.TABLE_KEY,
                signature=bracket_signature(block.row_key),
                chunk_id=chunk.id,
            )


def _is_name(surface: str) -> bool:
    """Whether a value reads as a name: short, with a capital or a digit, and no plain number or address on the web."""
    norm = normalise(surface)
    if not is_nameable(norm) or len(tokens(norm)) > _LONGEST_NAME or "://" in surface:
        return False
    if not any(char.isalpha() for char in norm):
        return len(norm) >= _FEWEST_DIGITS and norm.isdigit()
    return any(char.isupper() or char.isdigit() or not char.islower() for char in surface if char.isalnum())
