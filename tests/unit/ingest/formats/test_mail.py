import pytest

from tests.unit.ingest.documents import make_eml, read


@pytest.mark.parametrize("subtype", ["plain", "html"])
def test_an_e_mail_gives_its_headers_and_body(subtype: str):
    document = read(make_eml(subtype), "leak.eml")
    assert document.title == "Leak at the P350"
    assert document.text.startswith(
        "From: Ana Ruiz <ana@example.org>\nTo: desk@example.org\nDate: Mon, 04 Mar 2024 09:30:00 +0100\n\n"
        "The seal leaks again."
    )
    assert document.metadata["created"] == "2024-03-04T09:30:00+01:00"
    assert document.metadata["author"] == "Ana Ruiz <ana@example.org>"
    assert document.warnings == ("Not read: leak.png (This is not a PNG file, though it is called one).",)
