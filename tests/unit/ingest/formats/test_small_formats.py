"""Formats with little to them: RTF, EPUB, WebVTT, AsciiDoc."""

import io
import zipfile

from tests.unit.ingest.documents import read, shape


def test_rtf_gives_paragraphs_rows_and_properties():
    data = (
        rb"{\rtf1\ansi{\info{\title Pump P350}{\author Ana Ruiz}}\pard The pump \b replaces\b0  the P200.\par "
        rb"V\'e1lvula.\par \trowd\cellx100\cellx200 Part\cell Maker\cell\row "
        rb"\trowd\cellx100\cellx200 PN-77\cell Kestrel\cell\row}"
    )
    document = read(data, "pump.rtf")
    assert document.text.split("\n\n") == ["The pump replaces the P200.", "Válvula.", "Part: PN-77; Maker: Kestrel"]
    assert document.metadata == {"title": "Pump P350", "author": "Ana Ruiz"}


def make_epub() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="text/book.opf"/></rootfiles></container>',
        )
        items = "".join(
            f'<item id="{i}" href="{i}.xhtml" media-type="application/xhtml+xml"/>' for i in ("b", "a", "c")
        )
        book.writestr(
            "text/book.opf",
            '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Pumps</dc:title>'
            f"<dc:creator>Ana Ruiz</dc:creator></metadata><manifest>{items}</manifest>"
            '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>',
        )
        for name in ("a", "b"):
            book.writestr(f"text/{name}.xhtml", f"<html><body><h1>Chapter {name}</h1><p>Text {name}.</p></body></html>")
    return buffer.getvalue()


def test_epub_gives_its_chapters_in_the_order_of_the_book():
    document = read(make_epub(), "pumps.epub")
    assert document.text.split("\n\n") == ["Chapter a", "Text a.", "Chapter b", "Text b."]
    assert document.metadata == {"title": "Pumps", "author": "Ana Ruiz"}
    assert document.warnings == ("Chapters are missing: text/c.xhtml.",)


def test_subtitles_give_what_was_said_and_by_whom():
    cues = "00:00.000 --> 00:01.000\n<v Ana>The <i>pump</i>\n\n00:01.000 --> 00:02.000\nis quiet\n"
    data = f"WEBVTT - Talk\n\nNOTE no\n\n1\n{cues}"
    document = read(data, "talk.vtt")
    assert (document.text, document.title) == ("Ana: The pump\n\nis quiet", "Talk")
    assert [block.seconds for block in document.blocks] == [(0.0, 1.0), (1.0, 2.0)]


def test_cues_keep_their_times_where_they_make_sense():
    cues = ("01:00:05.500 --> 01:01:00.000 align:start", "00:09.000 --> 00:08.000", "00:09.000 --> soon")
    document = read("WEBVTT\n\n" + "\n\n".join(f"{timing}\nText" for timing in cues), "talk.vtt")
    assert [block.seconds for block in document.blocks] == [(3605.5, 3660.0), None, None]


def test_asciidoc_gives_titles_lists_tables_code_and_captions():
    data = (
        "= Pump P350\n:author: Ana Ruiz\n\nIt *replaces* the\nlink:p.html[P200].\n\n== Parts\n\n* Seal kit\n1. First\n"
        "\n// comment\n.Stock\n|===\n|Part |Maker\n\n|PN-77\n|Kestrel\n|===\n\n----\nreset --all\n----\n"
    )
    document = read(data, "pump.adoc")
    assert [(kind, text) for kind, text, _ in shape(document)] == [
        ("heading", "Pump P350"),
        ("paragraph", "It replaces the P200."),
        ("heading", "Parts"),
        ("list", "Seal kit"),
        ("list", "1. First"),
        ("paragraph", "Stock"),
        ("table", "Part: PN-77; Maker: Kestrel"),
        ("code", "reset --all"),
    ]
    assert document.metadata == {"author": "Ana Ruiz"}
