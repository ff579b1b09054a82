"""Writers of PDF and DOCX whose bytes depend on nothing but the document: no clock, no compression library."""

import datetime
import html
import io
import zipfile
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import StyleSheet1, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import ListFlowable, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from examples.generator.document import Block, Bullets, Document, Heading, PageBreak, Paragraph, Record, Table, unmarked

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_pdf(document: Document) -> bytes:
    """A4 pages with a running head, page numbers and an outline entry per heading."""
    out = io.BytesIO()
    template = SimpleDocTemplate(
        out, pagesize=A4, title=document.title, author=document.author, lang=document.language,
        leftMargin=25 * mm, rightMargin=25 * mm, invariant=1, pageCompression=0,
    )  # fmt: skip

    def running_head(canvas: Canvas, _: object) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(25 * mm, 285 * mm, document.title)
        canvas.drawRightString(185 * mm, 12 * mm, str(canvas.getPageNumber()))

    styles = getSampleStyleSheet()
    story: list[Any] = [Text(html.escape(document.title), styles["Title"])]
    story.append(Text(html.escape(f"{document.author}, {document.date}"), styles["Italic"]))
    for block in document.blocks:
        story += _pdf(block, styles)
    template.build(story, onFirstPage=running_head, onLaterPages=running_head)
    return out.getvalue()


def _pdf(block: Block, styles: StyleSheet1) -> list[Any]:
    match block:
        case Heading(text=text):
            return [Text(html.escape(text), styles["Heading2"])]
        case Paragraph(text=text):
            return [Text(html.escape(unmarked(text)), styles["BodyText"]), Spacer(1, 4)]
        case Bullets(items=items):
            points = [Text(html.escape(unmarked(item)), styles["BodyText"]) for item in items]
            return [ListFlowable(points, bulletType="bullet", start="•"), Spacer(1, 4)]
        case Table(rows=rows):
            rule = ("LINEBELOW", (0, 0), (-1, 0), 0.6, "black")
            return [Grid([list(row) for row in rows], hAlign="LEFT", style=[rule]), Spacer(1, 6)]
        case PageBreak():
            return [NewPage()]
        case Record():
            return []


def write_docx(document: Document) -> bytes:
    """A word-processor file with real heading styles, lists and tables."""
    word: Any = docx.Document()
    _drop_unused_styles(word)
    written = datetime.datetime.fromisoformat(f"{document.date}T09:00:00")
    properties = word.core_properties
    properties.title, properties.author, properties.language = document.title, document.author, document.language
    properties.created = properties.modified = written
    properties.last_modified_by, properties.comments, properties.revision = document.author, "", 1
    word.add_heading(document.title, level=0)
    for block in document.blocks:
        _add_to_word(word, block)
    out = io.BytesIO()
    word.save(out)
    return _without_clock(out.getvalue())


def _drop_unused_styles(word: Any) -> None:
    """Leaves out nine tenths of the default template: table styles, their copy for old readers and a picture."""
    for style in list(word.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", "Table Grid"):
            style.delete()
    for rels in (word.part.rels, word.part.package.rels):
        for key in [key for key, rel in rels.items() if rel.reltype.endswith(("/stylesWithEffects", "/thumbnail"))]:
            del rels[key]


def _add_to_word(word: Any, block: Block) -> None:
    match block:
        case Heading(text=text):
            word.add_heading(text, level=1)
        case Paragraph(text=text):
            word.add_paragraph(unmarked(text))
        case Bullets(items=items):
            for item in items:
                word.add_paragraph(unmarked(item), style="List Bullet")
        case Table(rows=rows):
            grid = word.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
            for row, cells in zip(rows, grid.rows, strict=True):
                for text, cell in zip(row, cells.cells, strict=True):
                    cell.text = text
        case PageBreak():
            word.add_page_break()
        case Record():
            pass


def _without_clock(archive: bytes) -> bytes:
    """The same archive with fixed times and stored entries, so that two builds and two zlibs give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            fixed = zipfile.ZipInfo(entry.filename, date_time=_EPOCH)
            fixed.create_system = 3
            fixed.external_attr = 0o644 << 16
            target.writestr(fixed, source.read(entry))
    return out.getvalue()
