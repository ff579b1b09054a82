import csv
import email
import email.policy
import io
import json
import re
import zipfile

import docx
import pypdfium2
import pytest
from selectolax.lexbor import LexborHTMLParser

from examples.generator.build import build_world
from examples.generator.collection import collection_files
from examples.generator.document import Document, unmarked
from examples.generator.formats import write
from examples.generator.template import documents

LAKE = documents(build_world(0).slots())


def read_back(document: Document, data: bytes) -> str:
    match document.format:
        case "pdf":
            pages = pypdfium2.PdfDocument(data)
            return "\n".join(page.get_textpage().get_text_range() for page in pages)
        case "docx":
            word = docx.Document(io.BytesIO(data))
            cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
            return "\n".join([*(paragraph.text for paragraph in word.paragraphs), *cells])
        case "html":
            return LexborHTMLParser(data).text(separator="\n")
        case "eml":
            message = email.message_from_bytes(data, policy=email.policy.default)
            return f"{message['Subject']}\n{message.get_content()}"
        case "csv":
            return "\n".join(" | ".join(row) for row in csv.reader(io.StringIO(data.decode())))
        case "jsonl":
            records = [json.loads(line) for line in data.decode().splitlines()]
            return "\n".join(f"{name}: {value}" for record in records for name, value in record.items())
        case _:
            return unmarked(data.decode())


def spoken(text: str) -> set[str]:
    return set(re.findall(r"[\w°³.@+-]*\w[\w°³]*", text))


@pytest.mark.parametrize("document", LAKE, ids=[document.path for document in LAKE])
def test_a_file_says_what_its_writer_knows(document: Document):
    titled = "" if document.format in ("csv", "jsonl") else document.title
    missing = spoken(f"{titled}\n{document.text}") - spoken(read_back(document, write(document)))
    assert missing == set()


@pytest.mark.parametrize("document", [d for d in LAKE if d.format in ("pdf", "docx")], ids=lambda d: d.path)
def test_office_files_do_not_depend_on_the_clock(document: Document):
    data = write(document)
    assert data == write(document)
    if document.format == "docx":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_manuals_have_several_pages():
    manuals = [d for d in LAKE if d.path.startswith("manuals/") and d.format == "pdf"]
    pages = [len(pypdfium2.PdfDocument(write(manual))) for manual in manuals]
    assert pages
    assert min(pages) >= 2


def test_broken_files_cannot_be_read():
    files = {path[7:]: data for path, data in collection_files(0).items() if path.startswith("broken/")}
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(files["empty.pdf"])
    with pytest.raises(UnicodeDecodeError):
        files["latin-1-with-utf-8-mark.txt"].decode()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(files["truncated.docx"]))
    assert zipfile.ZipFile(io.BytesIO(files["not-a-document.docx"])).namelist() == []
    assert files["empty.txt"] == b""
