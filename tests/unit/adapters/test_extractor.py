import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.ingest.dictionary import Dictionary
from kgqa.model.document import Chunk, Sentence
from kgqa.model.mention import DictionaryMatch, NameSource

DICTIONARY = Dictionary.from_json(
    {
        "names": [
            {"name": "AquaFlow P350", "type": "PRODUCT", "aliases": ["P350"]},
            {"name": "shaft seal", "type": "PART"},
        ],
        "patterns": [{"type": "ERROR_CODE", "regex": r"\bE-\d{3}\b"}],
    }
)


@pytest.fixture(scope="module")
def extractor() -> SpacyExtractor:
    return SpacyExtractor(DICTIONARY)


def chunk(*sentences: str, language: str = "en", number: int = 1) -> Chunk:
    text, spans = "", []
    for sentence in sentences:
        spans.append(Sentence(start=len(text), end=len(text) + len(sentence)))
        text += sentence + "\n"
    text = text.rstrip("\n")
    return Chunk(
        id=number,
        ordinal=0,
        text=text,
        start=0,
        end=len(text),
        heading_path=(),
        language=language,
        page=None,
        sentences=tuple(spans),
    )


def names(extractor: SpacyExtractor, piece: Chunk) -> dict[str, tuple[str, str]]:
    return {s.norm: (s.type, s.source.value) for s in extractor.extract([piece])[0][0]}


def claims(extractor: SpacyExtractor, *sentences: str) -> set[tuple[str, str, str]]:
    return {(c.subject, c.predicate, c.object) for c in extractor.extract([chunk(*sentences)])[0][2]}


def test_dictionary_identifiers_and_model_name_things_in_this_order(extractor: SpacyExtractor):
    found = names(extractor, chunk("E-417 on the P350: Microsoft sent part HP-7731-04 to Germany."))
    assert found == {
        "e 417": ("ERROR_CODE", "dictionary"),
        "p350": ("PRODUCT", "dictionary"),
        "hp 7731 04": ("IDENTIFIER", "identifier"),
        "microsoft": ("ORG", "ner"),
        "germany": ("GPE", "ner"),
    }


def test_parts_between_commas_are_names_too(extractor: SpacyExtractor):
    assert "nigeria" in names(extractor, chunk("He was born in Katsina State, Nigeria."))


def test_a_language_without_a_model_has_dictionary_identifiers_and_tables(extractor: SpacyExtractor):
    spanish = chunk(
        "El shaft seal HP-7731-04 viene de Alemania.", "Pieza: HP-2210-11; Proveedor: Northline", language="es"
    )
    assert set(names(extractor, spanish)) == {"shaft seal", "hp 7731 04", "hp 2210 11", "northline"}
    assert [w for w in extractor.warnings(["es", "en", "und"]) if "'es'" in w] == list(extractor.warnings(["es"]))
    assert extractor.warnings(["en"]) == ()


def test_a_dictionary_alias_and_a_stated_short_form_are_equivalences(extractor: SpacyExtractor):
    found = extractor.extract([chunk("Northline Castings GmbH (NLC) casts the housing of the P350.")])[0][1]
    assert {(e.left, e.right, e.chunk_id) for e in found} == {
        ("p350", "aquaflow p350", 1),
        ("northline castings gmbh", "nlc", 1),
    }


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The AquaFlow P350 replaced the AquaFlow P200.", ("aquaflow p350", "replace", "p200")),
        ("Part HP-7731-04 is made by Microsoft.", ("hp 7731 04", "make by", "microsoft")),
        ("Change order CO-2041 was signed off by Angela Merkel.", ("co 2041", "sign off by", "angela merkel")),
        ("Microsoft, which supplies HP-7731-04, is closed.", ("microsoft", "supply", "hp 7731 04")),
        ("Angela Merkel is head of quality at Microsoft.", ("angela merkel", "be head at", "microsoft")),
        ("Microsoft makes the seal of the P350.", ("microsoft", "make seal of", "p350")),
    ],
)
def test_sentences_claim(extractor: SpacyExtractor, sentence: str, expected: tuple[str, str, str]):
    assert expected in claims(extractor, sentence)


def test_denials_and_questions_claim_nothing(extractor: SpacyExtractor):
    assert claims(extractor, "Microsoft does not make HP-7731-04.", "Does Microsoft supply HP-7731-04?") == set()


def test_a_claim_never_spans_two_sentences_of_the_chunk(extractor: SpacyExtractor):
    text = ("Part: HP-7731-04; Supplier: Kestrel Seals", "Microsoft has confirmed the delivery to Germany.")
    found = extractor.extract([chunk(*text)])[0][2]
    assert ("hp 7731 04", "supplier", "kestrel seals") in {(c.subject, c.predicate, c.object) for c in found}
    for claim in found:
        inside = text[0] if claim.end <= len(text[0]) else text[1]
        assert claim.subject.split()[0] in inside.lower()
        assert claim.object.split()[0] in inside.lower()


def test_a_person_is_signed_by_company_or_bracket(extractor: SpacyExtractor):
    texts = [
        "Angela Merkel of Microsoft signed.",
        "Angela Merkel (Quality) signed.",
        "Angela Merkel of Germany signed.",
    ]
    signatures = [
        {s.signature for s in triple[0] if s.norm == "angela merkel"}
        for triple in extractor.extract([chunk(text, number=i) for i, text in enumerate(texts)])
    ]
    assert signatures == [{"microsoft"}, {"quality"}, {""}]


def test_column_names_and_one_word_headings_are_no_names(extractor: SpacyExtractor):
    found = names(
        extractor, chunk("Subject", "Change order: CO-2041; Requested by: assembly; Signed off by: Omar Haddad")
    )
    assert set(found) == {"co 2041", "omar haddad"}


def test_given_dictionary_matches_replace_the_own_ones(extractor: SpacyExtractor):
    match = DictionaryMatch(start=0, end=4, type="PUMP", name="AquaFlow P350")
    supports, stated, _ = extractor.extract([chunk("P350 shows E-417.", number=9)], {9: [match]})[0]
    assert [(s.norm, s.type) for s in supports if s.source == NameSource.DICTIONARY] == [("p350", "PUMP")]
    assert [(e.left, e.right) for e in stated] == [("p350", "aquaflow p350")]


def test_a_question_names_things_in_its_order(extractor: SpacyExtractor):
    question = "Which shaft seal from Microsoft is behind E-417 on the AquaFlow P350?"
    assert extractor.names(question, "en") == ["shaft seal", "Microsoft", "E-417", "AquaFlow P350"]
    assert extractor.names("¿Qué significa E-417 en Alemania?", "es") == ["E-417"]


def test_no_chunks_give_nothing_and_the_version_depends_on_the_dictionary(extractor: SpacyExtractor):
    assert extractor.extract([]) == []
    assert extractor.version == SpacyExtractor(DICTIONARY).version != SpacyExtractor().version
