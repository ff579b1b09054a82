from tests.unit.ingest.documents import TEXT, read, shape


def test_wrapped_lines_of_a_text_are_joined_and_others_kept():
    document = read(TEXT, "pump.txt")
    assert [(kind, text) for kind, text, _ in shape(document)] == [
        ("heading", "Pump P350"),
        (
            "paragraph",
            "The pump replaces the P200 since the spring of this year, and it has been delivered to all customers.",
        ),
        ("list", "- Seal kit"),
        ("list", "- Drive board"),
    ]
    assert read("Halden Works\nQuay 4\nHalden", "a.txt").text == "Halden Works\nQuay 4\nHalden"
