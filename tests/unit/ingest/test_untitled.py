"""Documents without a title, through the steps that one document goes through alone."""

import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.postgres.reading import ChunkRow, read
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.ingest.parse import file_title, has_title, parse
from kgqa.ingest.pipeline import IngestParts, ingest_documents, options_hashes, stage_versions
from kgqa.model.document import RawDocument
from kgqa.model.identity import name_id
from kgqa.model.mention import NameSource
from kgqa.text.gazetteer import Gazetteer

SENTENCE = "Maximum Overdrive is a 1986 American film written by Stephen King."
MAIL = f"From: Ana Ruiz <ana@example.com>\nSubject: Films\n\n{SENTENCE}\n"


@pytest.fixture(scope="module")
def parts() -> IngestParts:
    return IngestParts(extractor=SpacyExtractor(), embedder=HashingEncoder())


def raw(text: str, key: str = "notes/first_note.txt", **metadata: str) -> RawDocument:
    return RawDocument(collection="c", key=key, uri="", data=text.encode(), metadata=metadata)


@pytest.mark.parametrize(
    ("document", "titled"),
    [
        (raw(SENTENCE), False),
        (raw(SENTENCE, title="Untitled"), False),
        (raw(SENTENCE, title="A film"), True),
        (raw(SENTENCE, subject="A film"), True),
        (raw(f"# A film\n\n{SENTENCE}", key="film.md"), True),
        (raw(MAIL, key="film.eml"), True),
    ],
)
def test_a_title_a_heading_or_a_subject_is_a_title_and_a_file_name_is_none(document, titled):
    assert has_title(parse(document)) is titled


def test_a_document_without_a_title_is_shown_by_its_file_name():
    assert parse(raw(SENTENCE)).title == file_title("notes/first_note.txt") == "first note"
    assert file_title("untitled.txt") == "untitled.txt"


def test_only_a_document_without_a_title_is_named_by_its_first_sentence(parts: IngestParts):
    documents = [
        raw(SENTENCE),
        raw(SENTENCE, key="b.txt", title="A film"),
        raw(f"# A film\n\n{SENTENCE}", key="c.md"),
        raw(f"note,by\n{SENTENCE},Ana Ruiz\nThe pump was repaired by Kestrel Seals.,Ana Ruiz\n", key="d.csv"),
    ]
    deltas = ingest_documents(documents, parts)
    found = {d.key: [s.norm for s in d.names if s.source is NameSource.SUBJECT] for d in deltas}
    assert found == {"notes/first_note.txt": ["maximum overdrive"], "b.txt": [], "c.md": [], "d.csv": []}
    assert deltas[0].document
    assert deltas[0].document.title == "first note"


def test_a_change_of_the_rule_concerns_only_documents_named_by_their_file(parts: IngestParts):
    hashes = options_hashes(stage_versions(parts))
    deltas = ingest_documents([raw(SENTENCE), raw(SENTENCE, key="b.txt", title="A film"), raw("", key="e.txt")], parts)
    assert [d.options_hash for d in deltas] == [hashes.named_by_file, hashes.usual, hashes.usual]
    assert hashes.usual != hashes.named_by_file


def test_all_chunks_stand_under_the_name_that_the_first_sentence_gave(parts: IngestParts):
    delta = ingest_documents([raw(SENTENCE)], parts)[0]
    chunks = [ChunkRow(n, 1, text, [], None, "first note") for n, text in ((1, SENTENCE), (2, "It was shot in Maine."))]
    known = Gazetteer.of_norms(["maximum overdrive", "maine"])
    found = read("c", 1, chunks, delta.names, [], [], known)
    film = name_id("c", "maximum overdrive")
    assert [(chunk, name) for chunk, _, _, name, _, is_title in found.mentions if is_title] == [(1, film), (2, film)]
    assert read("c", 1, chunks, delta.names, [], [], Gazetteer.of_norms(["maine"])).mentions[0][-1] is False
