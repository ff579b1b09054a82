from tests.unit.ingest.documents import FILES, read, shape


def test_docx_gives_headings_lists_tables_and_properties_in_order():
    document = read(FILES["pump.docx"], "x.docx")
    top, parts = ("Pump P350",), ("Pump P350", "Parts")
    assert shape(document) == [
        ("heading", "Pump P350", top),
        ("paragraph", "The pump replaces the P200.", top),
        ("heading", "Parts", parts),
        ("list", "Seal kit", parts),
        ("table", "Part: PN-77; Supplier: Kestrel Seals", parts),
        ("paragraph", "After the table.", parts),
    ]
    assert {"author": "Ana Ruiz", "title": "Pump P350"}.items() <= document.metadata.items()
