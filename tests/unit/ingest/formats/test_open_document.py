import io
import zipfile

from tests.unit.ingest.documents import read, shape

NAMES = ["office", "text", "table", "draw", "presentation"]
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{"drawing" if name == "draw" else name}:1.0"'
    for name in NAMES
)
TYPE = "application/vnd.oasis.opendocument."


def make_odf(kind: str, body: str, extra: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", TYPE + kind)
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:body>{body}</office:body></office:document-content>",
        )
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
    return buffer.getvalue()


def cell(text: str) -> str:
    return f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"


ROWS = "".join(
    f"<table:table-row>{cell(a)}{cell(b)}</table:table-row>" for a, b in (("Part", "Supplier"), ("PN-77", "Kestrel"))
)


def test_odt_gives_headings_paragraphs_lists_tables_and_notes():
    note = "<text:note><text:note-body><text:p>See P200.</text:p></text:note-body></text:note>"
    body = (
        '<office:text><text:h text:outline-level="1">Pump P350</text:h>'
        f"<text:p>It<text:s/>replaces{note} the <text:span>P200</text:span>.</text:p>"
        "<text:list><text:list-item><text:p>Seal kit</text:p></text:list-item></text:list>"
        f"<table:table>{ROWS}</table:table></office:text>"
    )
    meta = (
        '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The pump</dc:title><dc:creator>Ana</dc:creator></m>'
    )
    document = read(make_odf("text", body, {"meta.xml": meta}), "pump.odt")
    assert [(kind, text) for kind, text, _ in shape(document)] == [
        ("heading", "Pump P350"),
        ("paragraph", "It replaces the P200."),
        ("paragraph", "See P200."),
        ("list", "Seal kit"),
        ("table", "Part: PN-77; Supplier: Kestrel"),
    ]
    assert document.metadata == {"title": "The pump", "author": "Ana"}


def test_ods_gives_sheets_and_ignores_endless_empty_cells():
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    body = f'<office:spreadsheet><table:table table:name="Parts">{ROWS}{empty}</table:table></office:spreadsheet>'
    assert read(make_odf("spreadsheet", body), "a.ods").text == "Parts\n\nPart: PN-77; Supplier: Kestrel"


def test_odp_gives_slides_as_pages_with_their_title_first():
    body = (
        "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>Quiet.</text:p></draw:text-box></draw:frame>"
        '<draw:frame presentation:class="title"><draw:text-box><text:p>Pump</text:p></draw:text-box></draw:frame>'
        "</draw:page></office:presentation>"
    )
    document = read(make_odf("presentation", body), "a.odp")
    assert [(b.kind, b.page, document.text[b.start : b.end]) for b in document.blocks] == [
        ("heading", 1, "Pump"),
        ("paragraph", 1, "Quiet."),
    ]
