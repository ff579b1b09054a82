from tests.unit.ingest.documents import FILES, pdf_of_lines, read, shape


def test_pdf_gives_pages_headings_and_properties():
    document = read(FILES["pump.pdf"], "x.pdf")
    sentence = "The pump replaces the P200 and has a new seal of the supplier in Halden."
    assert shape(document) == [
        ("heading", "Pump P350", ("Pump P350",)),
        ("paragraph", " ".join([sentence] * 3), ("Pump P350",)),
        ("heading", "Parts", ("Pump P350", "Parts")),
        ("paragraph", "The seal kit is PN-77 — “double lip”.", ("Pump P350", "Parts")),
    ]
    assert [b.page for b in document.blocks] == [1, 1, 2, 2]
    assert {"author": "Ana Ruiz", "subject": "Manual", "title": "Pump P350"}.items() <= document.metadata.items()
    assert document.metadata["created"][:2] == "20"


def test_pdf_words_broken_at_a_line_end_are_whole_and_identifiers_keep_their_hyphen():
    data = pdf_of_lines(
        [
            (700, 10, "Before you open the housing of the pump, read the main-"),
            (688, 10, "tenance instructions, and have at hand the part HP-7731-"),
            (676, 10, "04 from the warehouse of the service desk in Lakeside."),
        ]
    )
    assert read(data, "x.pdf").text == (
        "Before you open the housing of the pump, read the maintenance instructions, "
        "and have at hand the part HP-7731-04 from the warehouse of the service desk in Lakeside."
    )


def test_pdf_running_titles_and_page_numbers_are_left_out_and_only_they():
    pages = [
        [(810, 8, "Service manual"), (700, 10, "Service manual"), (600, 10, f"Text of page {n}."), (40, 8, f"{n} / 3")]
        for n in (1, 2, 3)
    ]
    pages[0].insert(3, (500, 10, "417"))
    text = read(pdf_of_lines(*pages), "x.pdf").text
    assert text.split("\n\n") == [
        *("Service manual", "Text of page 1.", "417"),
        *("Service manual", "Text of page 2."),
        *("Service manual", "Text of page 3."),
    ]


def test_pdf_pages_without_text_are_a_warning():
    document = read(pdf_of_lines([(700, 10, "Only this page has text.")], []), "x.pdf")
    assert document.warnings == ("Pages without text: 2.",)
