"""Files that were made to harm: each ends as text, or with a reason that a person can act on, in bounded time."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pytest

from kgqa.ingest.formats.parsed import ParseLimits
from kgqa.ingest.pipeline import IngestOptions, ReadDocument, read_document
from kgqa.model.document import Outcome, RawDocument
from tests.unit.ingest.documents import locked_pdf, make_docx, make_pdf
from tests.unit.ingest.formats.test_open_document import make_odf
from tests.unit.ingest.formats.test_sheets import saved_workbook
from tests.unit.ingest.formats.test_slides import make_pptx

XXE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><p>Seen</p><p>&x;</p></a>'
LAUGHS = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 50}">' for n in range(12)
)  # fmt: skip
BILLION = f"{LAUGHS}]><a><p>Seen</p><p>&l11;</p></a>"


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_part(package: bytes, name: str, content: bytes | str) -> bytes:
    """A package with one part added or replaced."""
    old = zipfile.ZipFile(io.BytesIO(package))
    return zipped({**{part: old.read(part) for part in old.namelist()}, name: content})


def png(width: int, height: int) -> bytes:
    """A picture that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def long_pdf() -> bytes:
    """A page that is shown ten thousand times."""
    kids = " ".join(["3 0 R"] * 10_000)
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count 10000 /Kids [{kids}] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    )
    body = "".join(f"{number} 0 obj {text} endobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer << /Root 1 0 R /Size 4 >>\n%%EOF\n".encode()


def macro_docx() -> bytes:
    types = zipfile.ZipFile(io.BytesIO(make_docx())).read("[Content_Types].xml")
    ordinary = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    macros = types.replace(ordinary, b"application/vnd.ms-word.document.macroEnabled.main+xml")
    data = with_part(make_docx(), "[Content_Types].xml", macros)
    return with_part(data, "word/vbaProject.bin", b"AutoOpen")


def one_cell() -> bytes:
    return saved_workbook(("S", [["a"]]))


def far_row() -> bytes:
    book = saved_workbook(("S", [["a"]]))
    sheet = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")
    return with_part(
        book, "xl/worksheets/sheet1.xml", sheet.replace(b'r="1"', b'r="999999999"').replace(b'r="A1"', b"")
    )


def endless_odf() -> bytes:
    row = '<table:table-row table:number-rows-repeated="2000000000"><table:table-cell'
    row += ' table:number-columns-repeated="2000000000"><text:p>x</text:p></table:table-cell></table:table-row>'
    return make_odf("spreadsheet", f"<office:spreadsheet><table:table>{row * 200}</table:table></office:spreadsheet>")


def ending(data: bytes | str, name: str) -> ReadDocument:
    content = data.encode() if isinstance(data, str) else data
    raw = RawDocument(collection="c", key=name, uri="", data=content)
    return read_document(raw, IngestOptions(limits=ParseLimits(cells=1_000_000)))


REFUSED = {
    "billion laughs": (lambda: BILLION, "a.xml", "grow without end"),
    "zip bomb": (lambda: zipped({"a.txt": bytes(60_000_000)}), "a.zip", "times its size"),
    "bomb of many small files": (lambda: zipped({f"{n}.txt": "x" for n in range(2_100)}), "a.zip", "2,100 files"),
    "bomb in a document": (lambda: with_part(make_docx(), "word/a.emf", bytes(60_000_000)), "a.docx", "times its size"),
    "entities in a document": (lambda: with_part(make_docx(), "word/document.xml", XXE), "a.docx", "XML entities"),
    "entities in a workbook": (lambda: with_part(one_cell(), "xl/workbook.xml", BILLION), "a.xlsx", "XML entities"),
    "entities in slides": (
        lambda: with_part(make_pptx(), "ppt/presentation.xml", XXE.encode("utf-16")),
        "a.pptx",
        "XML entities",
    ),
    "password": (locked_pdf, "a.pdf", "password"),
    "encrypted office": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "a.docx",
        "password",
    ),
    "10,000 pages": (long_pdf, "a.pdf", "10000 pages"),
    "truncated pdf": (lambda: make_pdf()[:500], "a.pdf", "damaged"),
    "truncated pptx": (lambda: make_pptx()[:3000], "a.pptx", "damaged"),
    "a row a billion rows below": (far_row, "a.xlsx", "cells"),
    "groups without end": (lambda: b"{\\rtf1" + b"{" * 200_000, "a.rtf", "nests deeper"),
    "elements without end": (lambda: "<a>" * 100_000, "a.xml", "not well-formed"),
    "a program called a document": (lambda: b"MZ\x90\x00" + bytes(400), "a.docx", "a program"),
    "text called a picture": (lambda: b"<script>alert(1)</script>", "a.png", "not a PNG"),
    "a compound file of nothing": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "__substg1.0_".encode("utf-16-le") * 50,
        "a.msg",
        "damaged",
    ),
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_harmful_is_refused_with_a_reason_and_what_to_do(name: str):
    make, key, reason = REFUSED[name]
    reading = ending(make(), key)
    assert reading.outcome in (Outcome.FAILED, Outcome.SKIPPED)
    assert reason in reading.reason
    assert "hint: " in reading.reason


@pytest.mark.timeout(60)
def test_entities_of_xml_are_left_out():
    reading = ending(XXE, "a.xml")
    assert reading.document is not None
    assert reading.document.text == "Seen"
    assert reading.document.warnings == ("Entities that the file declares were left out.",)


def test_names_that_point_outside_are_only_names():
    data = zipped({"../../etc/cron.d/a.txt": "Seen", "/abs/b.txt": "Too"})
    reading = ending(data, "a.zip")
    assert reading.document is not None
    assert [b.heading_path for b in reading.document.blocks][::2] == [("etc/cron.d/a.txt",), ("abs/b.txt",)]
    assert "outside of the archive" in reading.document.warnings[0]


def test_macros_are_never_text_and_are_a_warning():
    reading = ending(macro_docx(), "a.docm")
    assert reading.document is not None
    assert "AutoOpen" not in reading.document.text
    assert reading.document.warnings == ("The file holds macros; only its text was read.",)


def test_a_file_of_two_formats_is_read_as_one():
    reading = ending(make_pdf() + zipped({"a.txt": "hidden in the archive"}), "a.pdf")
    assert reading.document is not None
    assert reading.document.media_type == "application/pdf"
    assert "hidden in the archive" not in reading.document.text


def test_a_picture_that_claims_a_size_is_not_decoded():
    assert ending(png(60_000, 60_000), "a.png").outcome is Outcome.SKIPPED


@pytest.mark.timeout(60)
def test_cells_repeated_without_end_are_bounded():
    assert ending(endless_odf(), "a.ods").outcome in (Outcome.INDEXED, Outcome.FAILED)
