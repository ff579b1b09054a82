from tests.unit.ingest.documents import HTML, read, shape


def test_html_gives_what_a_reader_sees():
    document = read(HTML, "pump.html")
    top, parts = ("Pump P350",), ("Pump P350", "Parts")
    assert shape(document) == [
        ("heading", "Pump P350", top),
        ("paragraph", "The pump replaces the P200\nsince May.", top),
        ("heading", "Parts", parts),
        ("list", "Seal kit", parts),
        ("list", "Drive board", parts),
        ("table", "Part: PN-77; Supplier: Kestrel & Seals", parts),
    ]
    assert document.metadata == {"title": "Pump P350", "author": "Ana Ruiz"}


def test_html_says_its_own_encoding():
    page = '<html><head><meta charset="iso-8859-1"></head><body><p>Válvula dañada</p></body></html>'
    assert read(page.encode("iso-8859-1"), "p.html").text == "Válvula dañada"
