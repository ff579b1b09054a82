import io

import numpy as np
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.image import paragraphs
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Reading
from kgqa.ingest.formats.readers import read_any
from kgqa.ingest.formats.scans import ranges
from kgqa.ingest.parse import is_skip
from kgqa.model.picture import RecognisedLine


class OneLine:
    """Reads the same line in every picture, and keeps the shapes of what it was given."""

    version = "one-line"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def recognise(self, picture: np.ndarray) -> list[RecognisedLine]:
        self.shapes.append(picture.shape)
        return [RecognisedLine(text="Scanned text", left=0, top=0, right=90, bottom=10)]


def picture(kind: str = "PNG", size: tuple[int, int] = (700, 100), pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    images = [Image.new("RGB", size, "white") for _ in range(pages)]
    images[0].save(buffer, kind, **({"save_all": True, "append_images": images[1:]} if pages > 1 else {}))
    return buffer.getvalue()


def scanned_pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(200, 200))
    canvas.setFont("Helvetica", 5)
    canvas.drawString(20, 100, "This page has text of its own, enough of it.")
    canvas.showPage()
    for _ in range(2):
        canvas.drawImage(ImageReader(io.BytesIO(picture())), 0, 0, 200, 200)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def read(data: bytes, name: str, reader: OneLine | None, **limits) -> Parsed:
    return read_any(data, name, None, Reading(limits=ParseLimits(**limits), recogniser=reader))


def test_pages_that_are_pictures_are_found_and_read():
    reader = OneLine()
    parsed = read(scanned_pdf(), "a.pdf", reader)
    assert [(p.page, p.text) for p in parsed.pieces][1:] == [(2, "Scanned text"), (3, "Scanned text")]
    assert parsed.pieces[0].text.startswith("This page has text")
    assert parsed.warnings == ("Pages read by OCR: 2-3; check names and numbers.",)
    assert len(reader.shapes) == 2
    assert all(abs(side - 200 / 72 * 200) < 2 for shape in reader.shapes for side in shape[:2])


def test_what_ocr_was_not_allowed_is_a_warning():
    assert "OCR is off: 2-3" in read(scanned_pdf(), "a.pdf", None).warnings[0]
    assert "KGQA_LIMITS__OCR_PAGES): 3." in read(scanned_pdf(), "a.pdf", OneLine(), ocr_pages=1).warnings[1]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_pictures_are_read(kind: str):
    assert [p.text for p in read(picture(kind), "a", OneLine()).pieces] == ["Scanned text"]


def test_pages_of_a_picture_are_pages():
    assert [p.page for p in read(picture("TIFF", pages=3), "a.tif", OneLine()).pieces] == [1, 2, 3]


def test_pictures_are_skipped_without_ocr_and_refused_where_they_are_too_large():
    with pytest.raises(InvalidInput, match="OCR is off") as refusal:
        read(picture(), "a.png", None)
    assert is_skip(refusal.value)
    with pytest.raises(LimitExceeded, match="pixels"):
        read(picture(), "a.png", OneLine(), pixels=1_000)
    with pytest.raises(InvalidInput, match="damaged"):
        read(picture()[:60], "a.png", OneLine())


def test_lines_close_below_each_other_are_one_paragraph():
    lines = [("The main-", 0), ("tenance of", 12), ("pumps", 24), ("Next", 80)]
    boxes = [RecognisedLine(text=text, left=0, top=top, right=9, bottom=top + 10) for text, top in lines]
    assert [p.text for p in paragraphs(boxes, 1)] == ["The maintenance of pumps", "Next"]


def test_page_numbers_are_written_as_ranges():
    assert ranges([1, 2, 3, 7]) == "1-3, 7"
    assert ranges(list(range(1, 90, 2))).endswith("and 25 more")
