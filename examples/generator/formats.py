"""Chooses the writer by the ending of a document's path."""

from collections.abc import Callable, Mapping

from examples.generator import office_formats, plain_formats
from examples.generator.document import Document

WRITERS: Mapping[str, Callable[[Document], bytes]] = {
    "md": plain_formats.write_markdown,
    "txt": plain_formats.write_text,
    "html": plain_formats.write_html,
    "csv": plain_formats.write_csv,
    "eml": plain_formats.write_mail,
    "jsonl": plain_formats.write_json_lines,
    "pdf": office_formats.write_pdf,
    "docx": office_formats.write_docx,
}


def write(document: Document) -> bytes:
    """The bytes of the document's file."""
    return WRITERS[document.format](document)
