from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.adapters.models.entity_ruler import DictionaryMatcher
from kgqa.ingest.dictionary import Dictionary

PUMPS = Dictionary.from_json(
    {
        "names": [
            {"name": "AquaFlow P350", "type": "PRODUCT", "aliases": ["P350", "AquaFlow"]},
            {"name": "shaft seal", "type": "PART"},
            {"name": "Gijón-Sur (España)", "type": "SITE"},
        ],
        "patterns": [
            {"type": "ERROR_CODE", "regex": r"\bE-\d{3}\b"},
            {"type": "PART_NUMBER", "regex": r"\b[A-Z]{2}-\d{4}(?:-\d{2})?\b"},
            {"type": "ORDER", "regex": r"order no\. \d+"},
        ],
    }
)
MATCHER = DictionaryMatcher(PUMPS)
PIECES = [
    "AquaFlow P350", "AquaFlow", "P350", "P3501", "shaft seal", "shaft", "E-417", "E-41", "HP-7731-04", "HP-7731",
    "order no. 12", "Gijón-Sur (España)", "é", " ", "  ", "\n", "\t", "-", ",", "(", "/", "x", "_",
]  # fmt: skip


def test_a_text_gives_types_and_the_name_behind_an_alias():
    text = "E-417: shaft seal of the P350,\nHP-7731-04 (order no. 12)"
    assert [(text[m.start : m.end], m.type, m.name) for m in MATCHER.match([text])[0]] == [
        ("E-417", "ERROR_CODE", "E-417"),
        ("shaft seal", "PART", "shaft seal"),
        ("P350", "PRODUCT", "AquaFlow P350"),
        ("HP-7731-04", "PART_NUMBER", "HP-7731-04"),
        ("order no. 12", "ORDER", "order no. 12"),
    ]


def test_an_empty_dictionary_matches_nothing():
    assert DictionaryMatcher(Dictionary()).match(["AquaFlow P350", ""]) == [[], []]


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_ruler_finds_what_the_dictionary_finds(text: str):
    assert MATCHER.match([text]) == [PUMPS.find(text)]
