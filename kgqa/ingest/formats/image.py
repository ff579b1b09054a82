"""Pictures by Pillow and OCR: PNG, JPEG, WEBP, and TIFF with its pages. Sizes are checked before decoding."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.media_type import unsupported
from kgqa.ingest.formats.parsed import Parsed, Piece, Reading
from kgqa.model.picture import RecognisedLine

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "MPO")
#: a step between lines larger than this many line heights starts a paragraph
PARAGRAPH_STEP = 1.9
#: lines with letters this much larger or smaller than the one before start a paragraph
SIZE_RATIO = 1.35
#: smaller pictures are enlarged: letters of few pixels are not recognised
SMALL_PIXELS = 600


def read(data: bytes, reading: Reading) -> Parsed:
    """Text of a picture. Raises InvalidInput (damaged; skipped where OCR is off) or LimitExceeded (pixels, pages)."""
    if reading.recogniser is None:
        raise unsupported("an image, and OCR is off", "set KGQA_MODELS__OCR=default.")
    limits = reading.limits
    pieces: list[Piece] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures, which the limit below judges
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except (OSError, ValueError) as problem:
            raise InvalidInput("This image is damaged.", hint="check that it was copied completely.") from problem
        pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if pages > min(limits.pages, limits.ocr_pages):
            raise LimitExceeded(
                f"This image has {pages} pages, more than {min(limits.pages, limits.ocr_pages)}.",
                hint="split it (KGQA_LIMITS__OCR_PAGES).",
            )
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            if number > pages:
                break
            if frame.width * frame.height > limits.pixels:
                raise LimitExceeded(
                    f"This image has {frame.width * frame.height:,} pixels, more than {limits.pixels:,}.",
                    hint="make it smaller: 200 dots per inch are enough (KGQA_LIMITS__IMAGE_PIXELS).",
                )
            lines = reading.recogniser.recognise(_pixels(frame))
            pieces += paragraphs(lines, number)
    return Parsed(pieces=tuple(pieces), warnings=("Read by OCR: check names and numbers.",) if pieces else ())


def paragraphs(lines: Sequence[RecognisedLine], page: int) -> Iterator[Piece]:
    """Lines of a picture as paragraphs: a line that is close below, and as large, goes on."""
    if not lines:
        return
    heights = [line.bottom - line.top for line in lines]
    usual = median(heights)
    open_lines = [lines[0].text]
    for previous, line in pairwise(lines):
        above, here = previous.bottom - previous.top, line.bottom - line.top
        step = line.top - previous.top
        is_beside = abs(step) < 0.5 * usual
        goes_on = step < PARAGRAPH_STEP * max(above, here) and step > -0.5 * usual
        same_size = max(above, here) < SIZE_RATIO * max(min(above, here), 1.0)
        if is_beside:
            open_lines[-1] += "  " + line.text
        elif goes_on and same_size:
            open_lines.append(line.text)
        else:
            yield Piece(text=_joined(open_lines), page=page)
            open_lines = [line.text]
    yield Piece(text=_joined(open_lines), page=page)


def _joined(lines: Sequence[str]) -> str:
    """Lines as one text; a word that a line end broke is made whole."""
    text = lines[0]
    for line in lines[1:]:
        is_broken = len(text) > 1 and text.endswith("-") and text[-2].islower() and line[:1].islower()
        text = text[:-1] + line if is_broken else f"{text} {line}"
    return text


def _pixels(frame: Image.Image) -> np.ndarray:
    upright = ImageOps.exif_transpose(frame)
    picture = Image.new("RGB", upright.size, "white")
    picture.paste(upright.convert("RGB"), mask=upright.convert("RGBA").getchannel("A"))
    if min(picture.size) and max(picture.size) < SMALL_PIXELS:
        picture = picture.resize((picture.width * 2, picture.height * 2))
    return np.asarray(picture)
