from pathlib import Path

import numpy as np

from kgqa.evaluation import recognition
from kgqa.evaluation.parsing import by_format, read_folder, reference_of, similarity, table, words_found
from kgqa.ingest.formats.parsed import Parsed, ParseLimits
from kgqa.ingest.parse import PLAIN_READER
from kgqa.model.picture import RecognisedLine


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_file_ends_and_is_compared_with_its_reference(tmp_path: Path):
    write(tmp_path / "md/sources/a.md", "# Pump\n\nQuiet and small.")
    write(tmp_path / "md/groundtruth/a.md.md", "# Pump\n\nQuiet and very small.")
    write(tmp_path / "md/sources/b.md", " ")
    write(tmp_path / "pdf/sources/c.pdf", "no pdf")
    readings = read_folder(tmp_path, PLAIN_READER, ParseLimits())
    assert [(r.path, r.outcome) for r in readings] == [
        ("md/sources/a.md", "indexed"),
        ("md/sources/b.md", "skipped"),
        ("pdf/sources/c.pdf", "failed"),
    ]
    first, second = by_format(readings)
    assert (first["files"], first["compared"], second["failed"]) == (2, 1, 1)
    assert first["similarity"] == 1 - 1 / 9
    assert first["words_found"] == 4 / 5
    assert "failed: pdf/sources/c.pdf: This is not a PDF file" in list(table(readings))[-1]


def test_a_reader_that_crashes_is_counted(tmp_path: Path):
    class Broken:
        version = ""

        def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
            raise ZeroDivisionError

    write(tmp_path / "a.md", "text")
    (reading,) = read_folder(tmp_path, Broken(), ParseLimits())
    assert (reading.outcome, reading.reason) == ("crashed", "ZeroDivisionError: ")


def test_references_are_found_under_the_name_of_an_engine(tmp_path: Path):
    source = write(tmp_path / "ocr/sources/a.pdf", "")
    for engine in ("easyocr", "rapidocr"):
        write(tmp_path / f"ocr/groundtruth/{engine}/full_page/a.{engine}.full_page.md", "x")
    found = reference_of(source)
    assert found is not None
    assert found.name == "a.rapidocr.full_page.md"


def test_order_counts_for_similarity_and_not_for_words_found():
    assert similarity("a b c d", "c d a b") == 0.5
    assert words_found("a b c d", "c d a b") == 1.0
    assert words_found("a a", "a b") == 0.5


def test_the_error_rate_of_what_is_read_exactly_is_zero_on_every_page():
    texts = iter([text for _, text, _ in recognition.pages()])

    class Exact:
        version = ""

        def recognise(self, picture: np.ndarray) -> list[RecognisedLine]:
            assert picture.shape == (recognition.PAGE[1], recognition.PAGE[0], 3)
            return [RecognisedLine(text=next(texts), left=0, top=0, right=1, bottom=1)]

    pages = list(recognition.measure(Exact()))
    assert len(pages) == recognition.PAGES
    assert recognition.overall(pages) == 0
