"""Writers of the formats that are text: Markdown, plain text, HTML, CSV, mail and JSON lines."""

import csv
import html
import io
import json
import textwrap
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as mail_policy
from email.utils import format_datetime

from examples.generator.document import Block, Bullets, Document, Heading, PageBreak, Paragraph, Record, Table, unmarked

_MENU = {"en": ("Home", "Products", "Search", "Help"), "es": ("Inicio", "Productos", "Buscar", "Ayuda")}
_FOOTER = {
    "en": "Internal knowledge base. Printed copies are not kept up to date.",
    "es": "Base de conocimiento. Las copias impresas no se actualizan.",
}


def write_markdown(document: Document) -> bytes:
    """Markdown with the title as its only first-level heading."""
    parts = [f"# {document.title}"]
    if document.author:
        parts.append(f"*{document.author}, {document.date}*")
    parts += [part for block in document.blocks if (part := _markdown(block))]
    return _utf8("\n\n".join(parts))


def _markdown(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"## {text}"
        case Paragraph(text=text):
            return text
        case Bullets(items=items):
            return "\n".join(f"- {item}" for item in items)
        case Table(rows=rows):
            lines = ["| " + " | ".join(row) + " |" for row in rows]
            return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
        case Record() | PageBreak():
            return ""


def write_text(document: Document) -> bytes:
    """Plain text wrapped at 78 columns, headings underlined, as people type it."""
    parts = [f"{document.title}\n{'=' * len(document.title)}"]
    if document.author:
        parts.append(f"{document.author}, {document.date}")
    return _utf8("\n\n".join(parts + _text_parts(document)))


def _text_parts(document: Document) -> list[str]:
    parts: list[str] = []
    for block in document.blocks:
        match block:
            case Heading(text=text):
                parts.append(f"{text}\n{'-' * len(text)}")
            case Paragraph(text=text):
                parts.append(textwrap.fill(unmarked(text), width=78, break_on_hyphens=False))
            case Bullets(items=items):
                parts.append("\n".join(_wrapped_point(item) for item in items))
            case Table(rows=rows):
                parts.append("\n".join("   ".join(row) for row in rows))
            case Record() | PageBreak():
                continue
    return parts


def _wrapped_point(item: str) -> str:
    return textwrap.fill(unmarked(item), width=78, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def write_html(document: Document) -> bytes:
    """A page of an intranet, with the menu and the footer that every page carries."""
    menu = "\n".join(f'      <a href="#">{entry}</a>' for entry in _MENU[document.language])
    body = "\n".join(f"      {line}" for block in document.blocks for line in _html(block))
    title = html.escape(document.title)
    return _utf8(f"""<!DOCTYPE html>
<html lang="{document.language}">
  <head>
    <meta charset="utf-8">
    <title>{title}</title>
    <meta name="author" content="{html.escape(document.author)}">
    <meta name="date" content="{document.date}">
    <style>body {{ font-family: sans-serif; max-width: 48em }}</style>
  </head>
  <body>
    <nav>
{menu}
    </nav>
    <main>
      <h1>{title}</h1>
{body}
    </main>
    <footer>{_FOOTER[document.language]}</footer>
    <script>console.log("page ready")</script>
  </body>
</html>""")


def _html(block: Block) -> list[str]:
    match block:
        case Heading(text=text):
            return [f"<h2>{html.escape(text)}</h2>"]
        case Paragraph(text=text):
            return [f"<p>{html.escape(unmarked(text))}</p>"]
        case Bullets(items=items):
            return ["<ul>", *(f"  <li>{html.escape(unmarked(item))}</li>" for item in items), "</ul>"]
        case Table(rows=rows):
            head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0])
            cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows[1:]]
            return ["<table>", f"  <tr>{head}</tr>", *(f"  <tr>{row}</tr>" for row in cells), "</table>"]
        case Record() | PageBreak():
            return []


def write_csv(document: Document) -> bytes:
    """The first table of the document, with a header row."""
    out = io.StringIO()
    table = next(block for block in document.blocks if isinstance(block, Table))
    csv.writer(out, lineterminator="\n").writerows(table.rows)
    return out.getvalue().encode()


def write_mail(document: Document) -> bytes:
    """A mail message as a mail program stores it: quoted-printable, one part."""
    sent = datetime.fromisoformat(f"{document.date}T08:40:00").replace(tzinfo=UTC)
    message = EmailMessage(policy=mail_policy)
    message["From"] = document.extra["from"]
    message["To"] = document.extra["to"]
    message["Subject"] = document.title
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<{document.name}.{document.date}@mail.example>"
    message.set_content("\n\n".join(_text_parts(document)) + "\n", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = document.language
    return message.as_bytes()


def write_json_lines(document: Document) -> bytes:
    """One JSON object per record."""
    records = [block.fields for block in document.blocks if isinstance(block, Record)]
    return _utf8("\n".join(json.dumps(dict(fields), ensure_ascii=False) for fields in records))


def _utf8(text: str) -> bytes:
    return f"{text}\n".encode()
