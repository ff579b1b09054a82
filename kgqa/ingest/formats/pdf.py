"""PDF by PDFium: text by page, headings by the size of their letters, words that a line end had hyphenated made whole.

Pages that are pictures are read by OCR where there is one (`formats.scans`).

PDFium works on one document at a time in a process, hence the lock.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats import scans
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece, Reading

#: letters this much larger than the body's make a heading
HEADING_RATIO = 1.15
HEADING_CHARACTERS = 150
HEADING_LEVELS = 4
#: a step between lines larger than this many letter heights starts a paragraph
PARAGRAPH_STEP = 1.65
HEADING_STEP = 1.45
#: a line at least this part of the page's longest goes on in the next
FULL_LINE = 0.85
#: part of a page's height, at its top and at its bottom, where running titles and page numbers stand
MARGIN = 0.09

_LOCK = threading.Lock()
_ITEM = re.compile(r"(?:[-*•‣·–\uf0b7]|\(?\d{1,3}[.)])\s+\S")
_NUMBERS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|página|seite|p\.)\s*)?\d{1,4}(?:\s*(?:/|of|de|von)\s*\d{1,4})?\W*", re.IGNORECASE
)
#: how PDFium marks a hyphen at the end of a line; the line end itself is left out then
_HYPHENS = (0xFFFE, 0x02)
_HYPHEN = "\ufffe"
#: a hyphen that a line end put into a word, not one between numbers or capitals
_BROKEN_WORD = re.compile(f"(?<=[^\\W\\d_A-Z]){_HYPHEN}(?=[^\\W\\d_A-Z])")
_OPEN_HYPHEN = re.compile(r"\w-\Z")
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?")
_METADATA = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords"}
_NOTHING = ("(unspecified)", "(anonymous)", "untitled", "(untitled)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    text: str
    #: height of its letters, width and lower edge in points; the page's origin is at the bottom
    size: float
    width: float
    bottom: float
    #: whether it stands in the upper or lower margin of its page
    is_marginal: bool


def read(data: bytes, reading: Reading) -> Parsed:
    """Pieces with their pages. Raises InvalidInput (damaged, password) or LimitExceeded (pages, characters)."""
    limits = reading.limits
    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as problem:
            raise _refusal(problem) from None
        try:
            if len(document) > limits.pages:
                raise LimitExceeded(
                    f"This PDF has {len(document)} pages, more than {limits.pages}.", hint="split it into parts."
                )
            pages = _pages(document, limits)
            scanned = scans.read(document, [_letters(lines) for lines in pages], reading)
            metadata = _metadata(document.get_metadata_dict())
        finally:
            document.close()
    kept = [[] if number in scanned.pieces else lines for number, lines in enumerate(pages, 1)]
    empty = [number for number, lines in enumerate(kept, 1) if not lines and number not in scanned.pieces]
    warnings = (f"Pages without text: {scans.ranges(empty)}.",) if empty else ()
    pieces = sorted(
        chain(_pieces(_without_running_lines(kept), _body_size(kept)), *scanned.pieces.values()),
        key=lambda piece: piece.page or 0,
    )
    return Parsed(pieces=tuple(pieces), metadata=metadata, warnings=(*scanned.warnings, *warnings))


def _letters(lines: Sequence[_Line]) -> int:
    return sum(len(line.text) for line in lines)


def _refusal(problem: pypdfium2.PdfiumError) -> InvalidInput:
    if "password" in str(problem).lower():
        return InvalidInput("This PDF is password-protected.", hint="save it without a password.")
    return InvalidInput("This PDF is damaged and cannot be opened.", hint="check that it was copied completely.")


def _pages(document: pypdfium2.PdfDocument, limits: ParseLimits) -> list[list[_Line]]:
    pages: list[list[_Line]] = []
    characters = 0
    for number in range(len(document)):
        try:
            page = document[number]
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            pages.append([])
            continue
        characters += text_page.count_chars()
        if characters > limits.characters:
            raise LimitExceeded(
                f"The text is longer than {limits.characters:,} characters.", hint="split the document into parts."
            )
        pages.append(list(_lines(text_page, page.get_height())))
        text_page.close()
        page.close()
    return pages


def _lines(text_page: pypdfium2.PdfTextPage, page_height: float) -> Iterator[_Line]:
    """Lines in the order of the page's content, which is the reading order in all but odd files."""
    count = text_page.count_chars()
    codes = [pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count)]
    start = 0
    ends = [index + (code in _HYPHENS) for index, code in enumerate(codes) if code in (10, 13, *_HYPHENS)]
    for end in (*ends, count):
        visible = [index for index in range(start, end) if codes[index] > 32 and codes[index] not in _HYPHENS]
        if visible:
            yield _line(text_page, page_height, _text(codes[start:end]), visible)
        start = end


def _line(text_page: pypdfium2.PdfTextPage, page_height: float, text: str, visible: Sequence[int]) -> _Line:
    first, last = _box(text_page, visible[0]), _box(text_page, visible[-1])
    # Every few letters: a bullet or a footnote mark may be set in another size.
    sample = visible[:: max(1, len(visible) // 9)]
    size = Counter(pdfium.FPDFText_GetFontSize(text_page, index) for index in sample).most_common(1)[0][0]
    height = abs(first[3] - first[1])
    # A font of size 1 scaled by the page's matrix says nothing; letters are about .7 of their font's size.
    size = size if size > 2 else height / 0.7
    return _Line(
        text=text,
        size=round(size, 1),
        width=last[2] - first[0],
        bottom=first[1],
        is_marginal=first[3] < MARGIN * page_height or first[1] > (1 - MARGIN) * page_height,
    )


def _box(text_page: pypdfium2.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the cell of a letter (the same height for all letters of a font)."""
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
    return box.left, box.bottom, box.right, box.top


def _text(codes: Sequence[int]) -> str:
    """The characters; PDFium gives UTF-16 units or whole code points, depending on the font."""
    units = (chr(code) if code > 0xFFFF else chr(0xFFFE if code in _HYPHENS else code) for code in codes)
    joined = "".join(units).encode("utf-16-le", errors="surrogatepass")
    return joined.decode("utf-16-le", errors="replace").strip()


def _without_running_lines(pages: Sequence[Sequence[_Line]]) -> list[list[_Line]]:
    """Pages without the page numbers in their margins, and without lines that repeat there on half the pages."""
    marks = Counter(mark for lines in pages for mark in {_mark(line) for line in lines if line.is_marginal})
    needed = max(2, len(pages) / 2)

    def is_running(line: _Line) -> bool:
        return line.is_marginal and (marks[_mark(line)] >= needed or _PAGE_NUMBER.fullmatch(line.text) is not None)

    return [[line for line in lines if not is_running(line)] for lines in pages]


def _mark(line: _Line) -> str:
    return _NUMBERS.sub("#", line.text)


def _body_size(pages: Sequence[Sequence[_Line]]) -> float:
    """The size of most letters."""
    sizes: Counter[float] = Counter()
    for line in chain.from_iterable(pages):
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _pieces(pages: Sequence[Sequence[_Line]], body: float) -> Iterator[Piece]:
    sizes = {line.size for line in chain.from_iterable(pages)}
    large = sorted((size for size in sizes if size >= body * HEADING_RATIO), reverse=True)
    levels = {size: min(place, HEADING_LEVELS) for place, size in enumerate(large, 1)}
    for number, lines in enumerate(pages, 1):
        widest = max((line.width for line in lines if line.size not in levels), default=0.0)
        for paragraph in _paragraphs(lines, levels):
            text = _joined(paragraph, widest)
            level = levels.get(paragraph[0].size, 0) if len(text) <= HEADING_CHARACTERS else 0
            kind = "heading" if level else "list" if _ITEM.match(text) else "paragraph"
            yield Piece(text=" ".join(text.split()) if level else text, kind=kind, level=level, page=number)


def _paragraphs(lines: Sequence[_Line], levels: Mapping[float, int]) -> Iterator[list[_Line]]:
    paragraph: list[_Line] = []
    for line in lines:
        if paragraph and _starts_paragraph(paragraph[-1], line, is_heading=line.size in levels):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _starts_paragraph(previous: _Line, line: _Line, *, is_heading: bool) -> bool:
    if previous.text.endswith(_HYPHEN):
        return False
    step = previous.bottom - line.bottom
    most = (HEADING_STEP if is_heading else PARAGRAPH_STEP) * line.size
    return line.size != previous.size or step < 0 or step > most or bool(_ITEM.match(line.text))


def _joined(paragraph: Sequence[_Line], widest: float) -> str:
    """Full lines continue in the next; a short one ends there (addresses, rows of tables)."""
    text = paragraph[0].text
    for previous, line in pairwise(paragraph):
        is_full = previous.width >= FULL_LINE * widest
        is_broken = text.endswith(_HYPHEN) or (is_full and _OPEN_HYPHEN.search(text) is not None)
        text += ("" if is_broken else " " if is_full else "\n") + line.text
    return _BROKEN_WORD.sub("", text).replace(_HYPHEN, "-")


def _metadata(found: Mapping[str, str]) -> dict[str, str]:
    metadata = {name: found.get(key, "").strip() for key, name in _METADATA.items()}
    for key, name in (("CreationDate", "created"), ("ModDate", "modified")):
        if date := _DATE.match(found.get(key, "")):
            year, month, day, hour, minute, _ = date.groups()
            metadata[name] = "-".join(part for part in (year, month, day) if part)
            metadata[name] += f"T{hour}:{minute}" if day and hour and minute else ""
    return {name: text for name, text in metadata.items() if text and text.lower() not in _NOTHING}
