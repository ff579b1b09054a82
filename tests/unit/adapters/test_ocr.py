"""OCR on a page that is drawn here, with the models of the package."""

import numpy as np
import pytest

from kgqa.adapters.models.ocr import RapidRecogniser, in_reading_order
from kgqa.evaluation.recognition import draw, error_rate
from kgqa.model.picture import RecognisedLine


@pytest.fixture(scope="module")
def recogniser() -> RapidRecogniser:
    return RapidRecogniser()


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_page_is_read_whichever_way_it_lies(recogniser: RapidRecogniser, turns: int):
    text, page = draw(44)
    top = np.asarray(page)[:300, :]
    lines = recogniser.recognise(np.ascontiguousarray(np.rot90(top, turns)))
    read = " ".join(line.text for line in lines)
    assert error_rate(read, text[: len(read)]) < 0.05
    assert len(read) > 80


def test_a_blank_page_has_no_lines(recogniser: RapidRecogniser):
    assert recogniser.recognise(np.full((120, 120, 3), 255, np.uint8)) == []


def line(text: str, left: float, top: float) -> RecognisedLine:
    return RecognisedLine(text=text, left=left, top=top, right=left + 10 * len(text), bottom=top + 10)


def test_rows_are_read_from_left_to_right_and_columns_one_after_the_other():
    row = [line("right", 200, 1), line("left", 0, 0)]
    assert [found.text for found in in_reading_order(row)] == ["left", "right"]
    left = [line(f"the left column, line {n}", 0, 12 * n) for n in range(4)]
    right = [line(f"the right column, line {n}", 400, 12 * n) for n in range(4)]
    assert in_reading_order([*right, *left]) == [*left, *right]
