"""PPTX by python-pptx: a slide is a page, its title a heading; text, tables, charts and notes in reading order."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.text.text import TextFrame

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.office import checked, macro_warning, ordinary, properties
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Piece
from kgqa.ingest.formats.table import names_columns, rows_to_pieces

#: groups in groups that are read
MAXIMUM_NESTING = 20
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_VALUE = f"{_CHART}v"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def read(data: bytes, limits: ParseLimits) -> Parsed:
    """Pieces with their slide as page. Raises InvalidInput (damaged) or LimitExceeded (slides, unpacked size)."""
    archive = checked(data, limits)
    try:
        presentation = Presentation(io.BytesIO(ordinary(archive, data)))
    except (KeyError, PackageNotFoundError) as problem:
        raise InvalidInput(f"This PPTX file lacks a part: {problem}.", hint="open and save it again.") from None
    if len(presentation.slides) > limits.pages:
        raise LimitExceeded(
            f"This file has {len(presentation.slides)} slides, more than {limits.pages}.", hint="split it into parts."
        )
    pieces = tuple(
        piece for number, slide in enumerate(presentation.slides, 1) for piece in _slide(slide, number)
    )  # fmt: skip
    core = presentation.core_properties
    metadata = {**properties(core, core.author)}
    if metadata.get("title", "").lower() == "powerpoint presentation":
        del metadata["title"]
    return Parsed(pieces=pieces, metadata=metadata, warnings=macro_warning(archive))


def _slide(slide: Slide, number: int) -> Iterator[Piece]:
    title = slide.shapes.title
    if title is not None and title.has_text_frame and title.text_frame.text.strip():
        yield Piece(text=title.text_frame.text, kind="heading", level=1, page=number)
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, number, 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield from _paragraphs(slide.notes_slide.notes_text_frame, number)


def _shape(shape: BaseShape, number: int, depth: int) -> Iterator[Piece]:
    if isinstance(shape, GroupShape):
        if depth < MAXIMUM_NESTING:
            for inner in shape.shapes:
                yield from _shape(inner, number, depth + 1)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        yield from rows_to_pieces(rows, has_header=names_columns(rows), page=number)
    elif isinstance(shape, GraphicFrame) and shape.has_chart:
        yield from _chart(shape, number)
    elif shape.has_text_frame:
        yield from _paragraphs(shape.text_frame, number)  # pyright: ignore[reportAttributeAccessIssue]


def _paragraphs(frame: TextFrame, number: int) -> Iterator[Piece]:
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", "\n")
        properties = paragraph._p.find(f"{_DRAWING}pPr")  # pyright: ignore[reportPrivateUsage] - bullets have no public name
        bullets = (f"{_DRAWING}buChar", f"{_DRAWING}buAutoNum")
        is_list = paragraph.level > 0 or (
            properties is not None and any(properties.find(bullet) is not None for bullet in bullets)
        )
        if text.strip():
            yield Piece(text=text, kind="list" if is_list else "paragraph", page=number)


def _chart(frame: GraphicFrame, number: int) -> Iterator[Piece]:
    """The title of a chart, and its numbers as a table: a row for each category, whatever the kind of chart."""
    chart = frame.chart
    if chart.has_title and chart.chart_title.has_text_frame and chart.chart_title.text_frame.text.strip():
        yield Piece(text=chart.chart_title.text_frame.text, page=number)
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in chart._chartSpace.iter(f"{_CHART}ser"):  # pyright: ignore[reportPrivateUsage] - plots know few kinds
        names.append(" ".join(node.text or "" for part in series.findall(f"{_CHART}tx") for node in part.iter(_VALUE)))
        columns.append(_points(series, "val") or _points(series, "yVal"))
        categories = categories or _points(series, "cat") or _points(series, "xVal")
    rows = [[categories.get(at, ""), *(column.get(at, "") for column in columns)] for at in _places(columns)]
    if names:
        yield from rows_to_pieces([["", *names], *rows], has_header=True, page=number)


def _points(series: Any, part: str) -> dict[int, str]:
    """Values by place."""
    found = series.find(f"{_CHART}{part}")
    points = found.iter(f"{_CHART}pt") if found is not None else ()
    return {int(point.get("idx")): point.findtext(_VALUE) or "" for point in points}


def _places(columns: Sequence[Mapping[int, str]]) -> Sequence[int]:
    return sorted({at for column in columns for at in column})
