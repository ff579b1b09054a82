import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.chunk import chunk
from kgqa.ingest.parse import ParseLimits, has_text, is_skip, readable
from kgqa.model.document import RawDocument
from tests.unit.ingest.documents import (
    FILES,
    HTML,
    JSONL,
    MARKDOWN,
    locked_pdf,
    make_docx,
    make_eml,
    make_pdf,
    pdf_of_lines,
    read,
    zip_of,
)


@pytest.mark.parametrize("name", FILES)
def test_every_quote_is_the_text_at_its_offsets(name: str):
    document = read(FILES[name], name)
    chunks = chunk(document)
    assert chunks
    for piece in chunks:
        assert piece.text == document.text[piece.start : piece.end]
        assert all(piece.text[s.start : s.end].strip() for s in piece.sentences)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(document.text.split())


@pytest.mark.parametrize("name", FILES)
def test_blocks_cover_the_text_in_order(name: str):
    document = read(FILES[name], name)
    covered = "".join(document.text[b.start : b.end] for b in document.blocks)
    assert "".join(covered.split()) == "".join(document.text.split())
    assert all(b.start < b.end for b in document.blocks)


@pytest.mark.parametrize(
    ("data", "key", "declared", "expected"),
    [
        (MARKDOWN, "a.md", "text/plain", "text/markdown"),
        (MARKDOWN, "a", "text/x-markdown; charset=utf-8", "text/markdown"),
        (FILES["pump.pdf"], "a.txt", "text/plain", "application/pdf"),
        (HTML, "a", None, "text/html"),
        (HTML, "a", "application/octet-stream", "text/html"),
        (make_eml(), "a", None, "message/rfc822"),
        (JSONL, "a", None, "application/x-ndjson"),
        ('[{"a": 1}]', "a", None, "application/json"),
        ("[1] a footnote", "a", None, "text/plain"),
        ("From: the beginning it failed", "a", None, "text/plain"),
    ],
)
def test_the_type_is_found_by_magic_name_and_declaration(data, key: str, declared: str | None, expected: str):
    assert read(data, key, media_type=declared).media_type == expected


def test_the_source_wins_over_the_file_for_title_and_metadata():
    document = read(FILES["pump.pdf"], "x.pdf", metadata={"title": "Manual, 3rd edition", "author": "Desk"})
    assert (document.title, document.metadata["author"]) == ("Manual, 3rd edition", "Desk")


@pytest.mark.parametrize(
    ("data", "key", "title"),
    [
        ("---\ntitle: Own title\n---\n# First\n\ntext", "a.md", "Own title"),
        ("# First\n\ntext", "a.md", "First"),
        ("text", "notes/seal-kit_E-417 v2.md", "seal kit E-417 v2"),
        ("---\ntitle: Microsoft Word - draft.doc\n---\n# First\n\ntext", "a.md", "First"),
    ],
)
def test_the_title_is_the_best_that_there_is(data: str, key: str, title: str):
    assert read(data, key).title == title


def test_file_names_become_readable_and_keep_their_codes():
    assert readable("a/b/supplier-contacts_2024.csv") == "supplier contacts 2024"
    assert readable("E-417.md") == "E-417"


@pytest.mark.parametrize(
    ("data", "key", "reason"),
    [
        (locked_pdf(), "a.pdf", "password"),
        (make_pdf()[:400], "a.pdf", "damaged"),
        (make_docx()[:2000], "a.docx", "damaged"),
        (b"not a pdf", "a.pdf", "not a PDF"),
        (b"PK\x05\x06" + bytes(18), "a.docx", "not a DOCX"),
        (zip_of("word/document.xml", b"<x>"), "a.docx", "DOCX|damaged"),
        (b"\x00\x01\x02\x03" * 40, "a.txt", "binary"),
        (b'{"a": 1}\n{"a": \n', "a.jsonl", "Line 2"),
        (b"[1, 2", "a.json", "not valid JSON"),
        (b"[" * 100_000, "a.json", "damaged"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "a.json", "deeper"),
    ],
)
def test_a_broken_file_is_refused_with_a_reason_and_what_to_do(data: bytes, key: str, reason: str):
    with pytest.raises(InvalidInput, match=reason) as refusal:
        read(data, key)
    assert refusal.value.hint
    assert not is_skip(refusal.value)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b'<?xml version="1.0"?><a/>', "a.xml"),
        (b'<?xml version="1.0"?><a/>', "a"),
        (b"\x89PNG\r\n\x1a\n", "a.png"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc"),
        (zip_of("xl/workbook.bin", b"x"), "a.xlsb"),
        (b"\x1f\x8b\x08", "a.gz"),
        (b"", "a.txt"),
        (b" \n\t ", "a.txt"),
        (b"<html><body><script>x()</script></body></html>", "a.html"),
        (pdf_of_lines([]), "scan.pdf"),
    ],
)
def test_what_holds_nothing_to_index_is_skipped(data: bytes, key: str):
    with pytest.raises(InvalidInput) as refusal:
        read(data, key)
    assert is_skip(refusal.value)


def test_only_space_is_no_text():
    def raw(data: bytes) -> RawDocument:
        return RawDocument(collection="c", key="k", uri="", data=data)

    assert [has_text(raw(data)) for data in (b"", b" \r\n\t\x00", b" a ")] == [False, False, True]


@pytest.mark.parametrize(
    ("data", "key", "limits"),
    [
        (b"x" * 101, "a.txt", ParseLimits(bytes=100)),
        (b"x" * 101, "a.txt", ParseLimits(characters=100)),
        (pdf_of_lines([(700, 10, "a")], [(700, 10, "b")]), "a.pdf", ParseLimits(pages=1)),
        (pdf_of_lines([(700, 10, "a" * 50)]), "a.pdf", ParseLimits(characters=20)),
        (zip_of("word/document.xml", bytes(30_000_000)), "a.docx", ParseLimits()),
    ],
)
def test_what_costs_too_much_is_refused(data: bytes, key: str, limits: ParseLimits):
    with pytest.raises(LimitExceeded):
        read(data, key, limits)


def test_hidden_characters_do_not_reach_text_title_or_keys():
    document = read("# Pu\u200bmp\n\n|a\u202e|b|\n|-|-|\n|PN\u2060-1|x|\n", "a.md", metadata={"by": "An\u200ba"})
    assert document.text == "Pump\n\na: PN-1; b: x"
    assert (document.title, document.metadata["by"], document.blocks[1].row_key) == ("Pump", "Ana", "PN-1")


def test_deeply_nested_markup_is_read():
    assert read("<div>" * 5_000 + "<p>Deep down</p>", "a.html").text == "Deep down"
    assert read(">" * 60 + " end", "a.md").text == "end"
    assert "nested deeper" in read(">" * 3_000 + " end\n\nafter", "a.md").warnings[0]


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([*FILES, "a.xml", "a", "a.bin"]))
def test_garbage_is_read_or_refused_but_never_crashes(data: bytes, key: str):
    try:
        document = read(data, key)
    except KgqaError:
        return
    assert document.text
    document.text.encode()


@settings(deadline=None, max_examples=250)
@given(st.sampled_from(list(FILES)), st.floats(0, 1), st.binary(max_size=4), st.floats(0, 1))
def test_damaged_files_are_read_or_refused_but_never_crash(name: str, cut: float, noise: bytes, place: float):
    data = FILES[name][: int(len(FILES[name]) * cut)]
    at = int(len(data) * place)
    data = data[:at] + noise + data[at + len(noise) :]
    try:
        document = read(data, name)
    except KgqaError:
        return
    for piece in chunk(document):
        assert piece.text == document.text[piece.start : piece.end]
