"""Character error rate of OCR on pages that are drawn here: known sentences, several sizes of letters and of noise.

The rate is rapidfuzz's Levenshtein distance between the text that was drawn and the text that was read, spaces as one
and line ends as spaces, over the number of characters drawn.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from kgqa.ports import TextRecogniser

#: heights of letters in pixels; 200 dots per inch make 28 of a 10-point letter
SIZES = (16, 22, 28, 40)
#: standard deviations of the grey noise, of 255
NOISES = (0, 20, 40)
#: degrees by which a page lies askew in its scanner
SKEWS = (0.0, 1.0)
SENTENCES = (
    "The pump P350 replaces the P200 since 4 May 2024 in all stations of the northern district.",
    "Order the seal kit PN-77 from Kestrel Seals; the drive board costs 1,284.50 EUR without tax.",
    "When error E-417 is shown, close valve V3, wait for ten minutes and read the pressure again.",
    "Ana Ruiz signed the contract in Halden on behalf of Harbour Works Ltd. and three partners.",
    "Section 12.4 says that the supplier pays for transport if more than 5% of a batch is faulty.",
)
PAGES = len(SIZES) * len(NOISES) * len(SKEWS)
PAGE = (1240, 900)
MARGIN = 60


def pages(
    sizes: Sequence[int] = SIZES, noises: Sequence[int] = NOISES, skews: Sequence[float] = SKEWS
) -> Iterator[tuple[Mapping[str, float], str, npt.NDArray[np.uint8]]]:
    """Conditions, text and picture of each page; the same ones each time."""
    random = np.random.default_rng(1)
    for size in sizes:
        for noise in noises:
            for skew in skews:
                text, picture = draw(size)
                turned = picture.rotate(skew, fillcolor="white", resample=Image.Resampling.BICUBIC)
                grey = np.asarray(turned, dtype=np.float64) + random.normal(0, noise, (PAGE[1], PAGE[0], 1))
                yield {"size": size, "noise": noise, "skew": skew}, text, grey.clip(0, 255).astype(np.uint8)


def draw(size: int) -> tuple[str, Image.Image]:
    """The sentences that fit on a page of letters of this height, and the page."""
    page = Image.new("RGB", PAGE, "white")
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    columns = int((PAGE[0] - 2 * MARGIN) / pen.textlength("n", font=font))
    drawn: list[str] = []
    top = float(MARGIN)
    for sentence in SENTENCES:
        lines = textwrap.wrap(sentence, columns, break_on_hyphens=False)
        if top + len(lines) * size * 1.5 > PAGE[1] - MARGIN:
            break
        for line in lines:
            pen.text((MARGIN, top), line, font=font, fill="black")
            top += size * 1.5
        top += size
        drawn.append(sentence)
    return " ".join(drawn), page


def error_rate(read: str, drawn: str) -> float:
    """Edits per character.

    >>> error_rate("seal kit PN-71", "seal kit  PN-77")
    0.07142857142857142
    """
    expected = " ".join(drawn.split())
    return Levenshtein.distance(" ".join(read.split()), expected) / len(expected)


def measure(recogniser: TextRecogniser) -> Iterator[Mapping[str, float]]:
    """For each page its conditions, `characters`, `error_rate`."""
    for conditions, text, picture in pages():
        read = " ".join(line.text for line in recogniser.recognise(picture))
        yield {**conditions, "characters": len(text), "error_rate": error_rate(read, text)}


def overall(pages: Sequence[Mapping[str, float]]) -> float:
    """The error rate of all characters of some pages."""
    return sum(page["error_rate"] * page["characters"] for page in pages) / sum(page["characters"] for page in pages)
