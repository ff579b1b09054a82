from dataclasses import replace

from kgqa.ingest.extract import bracket_signature, document_names
from kgqa.model.document import Block, Chunk, Document
from kgqa.model.mention import NameSource

EMPTY = Document(
    collection="c",
    key="people/quality-team.md",
    uri="file:quality-team.md",
    principals=("public",),
    media_type="text/markdown",
    title="",
    text="",
    blocks=(),
    language="en",
    metadata={},
    content_hash=b"",
)


def chunk(number: int, text: str = "", start: int = 0, heading_path: tuple[str, ...] = ()) -> Chunk:
    return Chunk(
        id=number,
        ordinal=number,
        text=text,
        start=start,
        end=start + len(text),
        heading_path=heading_path,
        language="en",
        page=None,
        sentences=(),
    )


def norms(document: Document, *chunks: Chunk, source: NameSource) -> list[str]:
    return [s.norm for s in document_names(document, chunks) if s.source == source]


def test_a_title_gives_its_variants_to_the_whole_document():
    supports = document_names(replace(EMPTY, title="Elena Ruiz (Quality), Ulm"), [])
    assert {(s.norm, s.chunk_id) for s in supports} == {("elena ruiz quality ulm", None), ("elena ruiz", None)}


def test_a_document_without_title_is_named_by_its_file():
    assert norms(EMPTY, source=NameSource.TITLE) == ["quality team"]


def test_a_bracket_or_an_employer_signs_the_title():
    signed = document_names(replace(EMPTY, title="Elena Ruiz (Quality)"), [])
    assert [(s.norm, s.signature) for s in signed] == [("elena ruiz", "quality"), ("elena ruiz quality", "")]
    employed = document_names(replace(EMPTY, title="Elena Ruiz", metadata={"employer": "Kestrel Seals"}), [])
    assert ("elena ruiz", "kestrel seals") in [(s.norm, s.signature) for s in employed]


def test_acronyms_and_copy_numbers_in_brackets_sign_nothing():
    assert bracket_signature("Northline Castings GmbH (NLC)") == ""
    assert bracket_signature("report (1)") == ""
    assert bracket_signature("Tiger (1997 film)") == "1997 film"
    assert bracket_signature("(unknown)") == ""


def test_people_of_the_metadata_are_persons_and_dates_are_no_names():
    metadata = {
        "from": "Elena Ruiz <elena@kestrel.example>",
        "to": "Omar Haddad <o@h.example>, quality@halden.example",
        "created": "2024-03-04T10:00:00",
        "author": "Greta Holm; Yuki Tanabe",
        "manufacturer": "Kestrel Seals",
        "language": "English",
        "room": "x",
    }
    supports = document_names(replace(EMPTY, title="T", metadata=metadata), [])
    assert [(s.norm, s.type) for s in supports if s.source == NameSource.METADATA] == [
        ("greta holm", "PERSON"),
        ("yuki tanabe", "PERSON"),
        ("elena ruiz", "PERSON"),
        ("kestrel seals", ""),
        ("omar haddad", "PERSON"),
    ]


def test_headings_support_names_of_their_chunks_except_the_title():
    found = document_names(
        replace(EMPTY, title="People"), [chunk(7, heading_path=("People", "Elena Ruiz (Quality)")), chunk(8)]
    )
    headings = [(s.norm, s.signature, s.chunk_id) for s in found if s.source == NameSource.HEADING]
    assert headings == [("elena ruiz", "quality", 7)]


def test_a_long_heading_is_a_sentence_and_no_name():
    heading = "What to do when the pump leaks after a long winter"
    assert norms(EMPTY, chunk(1, heading_path=(heading,)), source=NameSource.HEADING) == []


def test_row_keys_belong_to_the_chunk_that_holds_their_row():
    blocks = tuple(
        Block(start=start, end=start + 9, kind="table", row_key=key)
        for start, key in ((0, "HP-7731-04"), (10, "assembly"), (20, "Part number"), (30, "Kestrel Seals"))
    )
    document = replace(EMPTY, title="T", blocks=blocks)
    found = document_names(document, [chunk(1, "x" * 30), chunk(2, "x" * 9, start=30)])
    rows = [(s.norm, s.chunk_id) for s in found if s.source == NameSource.TABLE_KEY]
    assert rows == [("hp 7731 04", 1), ("kestrel seals", 2)]


def test_supports_do_not_repeat():
    found = document_names(EMPTY, [chunk(1, heading_path=("Seals", "Seals"))])
    assert len(found) == len(set(found))
