from tests.unit.ingest.documents import MARKDOWN, read, shape


def test_markdown_gives_headings_items_rows_code_and_front_matter():
    document = read(MARKDOWN, "pump.md")
    top, parts = ("Pump P350",), ("Pump P350", "Parts")
    assert shape(document) == [
        ("heading", "Pump P350", top),
        ("paragraph", "The pump replaces the P200 since May.", top),
        ("heading", "Parts", parts),
        ("list", "1. Seal kit", parts),
        ("list", "2. Drive board", parts),
        ("table", "Part: PN-77; Supplier: Kestrel Seals", parts),
        ("table", "Part: PN-78", parts),
        ("code", "reset --all", parts),
    ]
    assert [b.row_key for b in document.blocks][-3:-1] == ["PN-77", "PN-78"]
    assert document.metadata == {"author": "Ana Ruiz"}
    assert (document.media_type, document.title, document.language) == ("text/markdown", "Pump P350", "en")
