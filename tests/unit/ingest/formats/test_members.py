import io
import zipfile

import pytest

from kgqa.errors import InvalidInput
from tests.unit.ingest.documents import CSV, make_docx, make_eml, read, shape


def archive_of(**files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_zip_gives_each_file_as_a_section_under_its_name():
    data = archive_of(**{"b/parts.csv": CSV, "a.docx": make_docx(), "c.bin": b"\x7fELF....", "__MACOSX/x.txt": "no"})
    document = read(data, "all.zip")
    blocks = shape(document)
    assert blocks[0] == ("heading", "a.docx", ("a.docx",))
    assert ("heading", "Parts", ("a.docx", "Pump P350", "Parts")) in blocks
    assert blocks[-1] == ("table", "Part: PN-78; Stock: 3", ("b/parts.csv",))
    assert document.warnings == ("Not read: c.bin (This type of file is not read: it is a program).",)


def test_an_archive_in_an_archive_is_opened_once():
    inner = archive_of(**{"note.txt": "Deep enough."})
    assert "Deep enough." in read(archive_of(**{"in.zip": inner}), "out.zip").text
    with pytest.raises(InvalidInput, match="None of the files"):
        read(archive_of(**{"out.zip": archive_of(**{"in.zip": inner})}), "outer.zip")


def test_attachments_of_a_message_are_sections_of_it():
    data = archive_of(**{"leak.eml": make_eml()})
    assert "The seal leaks again." in read(data, "mail.zip").text
