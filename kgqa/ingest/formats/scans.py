"""Pages of a PDF that are pictures: found by what they hold, rendered and read by OCR, within the limits.

A page needs OCR when it has next to no text and a picture that covers a good part of it, or no text and many drawn
paths (letters that were turned into outlines).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from kgqa.ingest.formats import image
from kgqa.ingest.formats.parsed import ParseLimits, Piece, Reading

#: a page with fewer letters has next to no text: a page number, a stamp
FEW_LETTERS = 30
#: part of a page that its largest picture has to cover
COVERED = 0.25
#: drawn paths of a page without text that may be letters
MANY_PATHS = 100
#: objects of a page that are looked at
MANY_OBJECTS = 2_000
DOTS_PER_INCH = 200
#: part of the time of a document that OCR may take
TIME_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What OCR gave."""

    #: by page number from 1
    pieces: Mapping[int, Sequence[Piece]] = field(default_factory=dict[int, Sequence[Piece]])
    warnings: tuple[str, ...] = ()


def read(document: pypdfium2.PdfDocument, letters: Sequence[int], reading: Reading) -> Scanned:
    """The text of pages that need OCR, by page; `letters` are those that each page has as text."""
    wanted = [at for at, count in enumerate(letters) if count < FEW_LETTERS and _is_picture(document, at, count)]
    if not wanted:
        return Scanned()
    numbers = [at + 1 for at in wanted]
    if reading.recogniser is None:
        return Scanned(warnings=(f"Pages that are pictures were not read, since OCR is off: {ranges(numbers)}.",))
    until = time.monotonic() + TIME_SHARE * reading.limits.seconds
    found: dict[int, Sequence[Piece]] = {}
    done = 0
    for at in wanted[: reading.limits.ocr_pages]:
        if time.monotonic() > until:
            break
        done += 1
        if pieces := tuple(
            image.paragraphs(reading.recogniser.recognise(_render(document, at, reading.limits)), at + 1)
        ):
            found[at + 1] = pieces
    warnings = [f"Pages read by OCR: {ranges(list(found))}; check names and numbers."] if found else []
    if done < len(wanted):
        limit = "KGQA_LIMITS__OCR_PAGES" if done == reading.limits.ocr_pages else "KGQA_LIMITS__DOCUMENT_SECONDS"
        warnings.append(f"Pages that OCR was not given the time for ({limit}): {ranges(numbers[done:])}.")
    return Scanned(pieces=found, warnings=tuple(warnings))


def ranges(numbers: Sequence[int]) -> str:
    """Page numbers as people write them.

    >>> ranges([1, 2, 3, 7])
    '1-3, 7'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    shown = ", ".join("-".join(str(number) for number in run) for run in runs[:20])
    return shown + (f" and {len(runs) - 20} more" if len(runs) > 20 else "")


def _is_picture(document: pypdfium2.PdfDocument, at: int, letters: int) -> bool:
    try:
        page = document[at]
    except pypdfium2.PdfiumError:
        return False
    try:
        area = page.get_width() * page.get_height()
        paths = 0
        for seen, item in enumerate(page.get_objects(max_depth=3)):
            if seen > MANY_OBJECTS:
                break
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = item.get_bounds()
                if (right - left) * (top - bottom) >= COVERED * area:
                    return True
            paths += kind == pdfium.FPDF_PAGEOBJ_PATH
        return letters == 0 and paths >= MANY_PATHS
    except pypdfium2.PdfiumError:
        return False
    finally:
        page.close()


def _render(document: pypdfium2.PdfDocument, at: int, limits: ParseLimits) -> np.ndarray:
    """The page in colour, as large as asked for or as the limit of pixels allows."""
    page = document[at]
    inches = page.get_width() * page.get_height() / 72**2
    dots = min(DOTS_PER_INCH, (limits.pixels / max(inches, 0.01)) ** 0.5)
    bitmap = page.render(scale=dots / 72, rev_byteorder=True)  # pyright: ignore[reportArgumentType] - a float is meant
    picture = np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    bitmap.close()
    page.close()
    return picture
