"""OCR by RapidOCR: the detector and recogniser of PP-OCR as ONNX, from the files that its package carries.

Nothing is downloaded. Pictures that stand on their side or head are turned and read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from kgqa.model.picture import RecognisedLine

#: lines that the recogniser is less sure of are left out: pictures, stamps, noise
LEAST_SCORE = 0.6
#: a line this much higher than wide stands on its side
TALL = 1.5
#: lines whose middles are this close, in parts of their height, are one row
SAME_ROW = 0.5


class RapidRecogniser:
    """Reads pictures. The models are loaded by the first one (a second and 0.3 GB)."""

    def __init__(self, *, threads: int = 1) -> None:
        self.version = f"rapidocr-{version('rapidocr')}"
        self._threads = threads

    def recognise(self, picture: npt.NDArray[np.uint8]) -> Sequence[RecognisedLine]:
        """Lines in reading order; see `ports.TextRecogniser`."""
        lines, is_upside_down = self._lines(picture)
        tall = sum(line.bottom - line.top > TALL * (line.right - line.left) for line in lines if len(line.text) > 3)
        if tall * 2 > len(lines):
            picture = np.ascontiguousarray(np.rot90(picture))
            lines, is_upside_down = self._lines(picture)
        if is_upside_down:
            lines, _ = self._lines(np.ascontiguousarray(np.rot90(picture, 2)))
        return in_reading_order(lines)

    def _lines(self, picture: npt.NDArray[np.uint8]) -> tuple[list[RecognisedLine], bool]:
        """Lines of the picture as it stands, and whether most of them stand on their head."""
        engine, votes = self._engine
        votes.clear()
        found = engine(picture[:, :, ::-1])  # blue, green, red
        if found.boxes is None:
            return [], False
        lines: list[RecognisedLine] = []
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
            if score >= LEAST_SCORE and text.strip():
                lines.append(
                    RecognisedLine(
                        text=text.strip(), left=float(left), top=float(top), right=float(right), bottom=float(bottom)
                    )
                )
        return lines, sum(votes) > 0

    @cached_property
    def _engine(self) -> tuple[Any, list[float]]:
        """The engine, and a list that holds after each call a vote of each line: above 0 it stands on its head."""
        from rapidocr import RapidOCR

        engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        votes: list[float] = []
        classify = engine.cls_and_rotate

        def remember(pictures: Any) -> Any:
            _, found = classify(list(pictures))
            votes.extend(score if label == "180" else -score for label, score in found.cls_res or ())
            return pictures, found  # a page is turned as a whole: single lines are misjudged where it is noisy

        engine.cls_and_rotate = remember
        return engine, votes


def in_reading_order(lines: Sequence[RecognisedLine]) -> list[RecognisedLine]:
    """Lines column by column, each from top to bottom; lines beside each other from left to right."""
    ordered: list[RecognisedLine] = []
    for column in _columns(lines):
        rows: list[list[RecognisedLine]] = []
        for line in sorted(column, key=_middle):
            last = rows[-1][-1] if rows else None
            if last is not None and _middle(line) - _middle(last) < SAME_ROW * (last.bottom - last.top):
                rows[-1].append(line)
            else:
                rows.append([line])
        ordered += (line for row in rows for line in sorted(row, key=lambda line: line.left))
    return ordered


def _columns(lines: Sequence[RecognisedLine]) -> list[list[RecognisedLine]]:
    """Columns of running text: parted by a gap that no line crosses, with several long lines on both sides of it."""
    if len(lines) < 6:
        return [list(lines)]
    gap = 0.6 * median(line.bottom - line.top for line in lines)
    columns: list[list[RecognisedLine]] = [[]]
    edge = float("-inf")
    for line in sorted(lines, key=lambda line: line.left):
        if columns[-1] and line.left > edge + gap:
            columns.append([])
        columns[-1].append(line)
        edge = max(edge, line.right)
    is_text = all(len(column) >= 3 and median(len(line.text) for line in column) >= 20 for column in columns)
    return columns if is_text else [list(lines)]


def _middle(line: RecognisedLine) -> float:
    return (line.top + line.bottom) / 2
