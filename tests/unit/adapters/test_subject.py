import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import Chunk, RawDocument
from kgqa.model.mention import NameSource


@pytest.fixture(scope="module")
def extractor() -> SpacyExtractor:
    return SpacyExtractor()


def opening(text: str) -> Chunk:
    raw = RawDocument(collection="c", key="n.txt", uri="", data=text.encode(), media_type="text/plain")
    return read_document(raw, IngestOptions()).chunks[0]


def about(extractor: SpacyExtractor, text: str) -> list[str]:
    piece = opening(text)
    supports = extractor.extract([piece], openings=frozenset({piece.id}))[0][0]
    found = [s for s in supports if s.source is NameSource.SUBJECT]
    assert all((s.chunk_id, s.type, s.signature) == (None, "", "") for s in found)
    return [s.norm for s in found]


def test_the_subject_of_the_first_sentence_is_what_a_text_is_about(extractor: SpacyExtractor):
    text = "Maximum Overdrive is a 1986 American film written by Stephen King. Stephen King lives in Maine."
    assert about(extractor, text) == ["maximum overdrive"]
    assert about(extractor, "The Journal of Mathematical Physics is published monthly in New York.") == [
        "journal of mathematical physics"
    ]


@pytest.mark.parametrize("line", ["Film notes", "12 May 2024", "Notes about Stephen King"])
def test_a_line_above_the_first_sentence_is_none(extractor: SpacyExtractor, line: str):
    assert about(extractor, f"{line}\n\nMaximum Overdrive is a 1986 American film.") == ["maximum overdrive"]


def test_remarks_about_the_subject_are_no_part_of_its_name(extractor: SpacyExtractor):
    assert about(extractor, "Grace Krilanovich (born October 5, 1979) is an American author.") == ["grace krilanovich"]
    assert about(extractor, "Kestrel Seals, which moved to Ulm in 2019, makes seals for pumps.") == ["kestrel seals"]


@pytest.mark.parametrize(
    "text",
    [
        "She worked for Microsoft in Germany.",
        "The seal was made by Microsoft in Germany.",
        "Water is used by Microsoft in Germany.",
    ],
)
def test_a_subject_that_is_no_name_gives_way_to_the_first_name(extractor: SpacyExtractor, text: str):
    assert about(extractor, text) == ["microsoft"]


def test_a_people_is_no_first_name_and_no_name_is_no_title(extractor: SpacyExtractor):
    assert about(extractor, "It was an American idea, built in Germany.") == ["germany"]
    assert about(extractor, "It was repaired on the next day and has worked since then.") == []


def test_a_language_without_a_model_says_nothing(extractor: SpacyExtractor):
    piece = opening("Kestrel Seals fabrica juntas para bombas de agua y las entrega en toda la región desde 2019.")
    assert piece.language == "es"
    assert extractor.extract([piece], openings=frozenset({piece.id}))[0][0] == ()


def test_only_openings_are_asked_and_other_names_stay_as_they_are(extractor: SpacyExtractor):
    piece = opening("Maximum Overdrive is a 1986 American film written by Stephen King.")
    plain = extractor.extract([piece])[0]
    opened = extractor.extract([piece], openings=frozenset({piece.id}))[0]
    assert [s.source for s in opened[0] if s not in plain[0]] == [NameSource.SUBJECT]
    assert [s for s in opened[0] if s in plain[0]] == list(plain[0])
    assert opened[1:] == plain[1:]
    assert extractor.extract([piece], openings=frozenset({piece.id + 1}))[0] == plain
