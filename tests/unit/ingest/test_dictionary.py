import json
from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.ingest.dictionary import Dictionary, Rule
from kgqa.ingest.identifiers import identifiers

PUMPS = Dictionary.from_json(
    {
        "names": [
            {"name": "AquaFlow P350", "type": "PRODUCT", "aliases": ["P350"]},
            {"name": "shaft seal", "type": "PART"},
        ],
        "patterns": [
            {"type": "ERROR_CODE", "regex": r"\bE-\d{3}\b"},
            {"type": "ANY_CODE", "regex": r"\bE-\d{3}(-X)?\b"},
        ],
    }
)


def found(text: str) -> list[tuple[str, str, str]]:
    return [(text[m.start : m.end], m.type, m.name) for m in PUMPS.find(text)]


def test_names_aliases_and_patterns_are_found_in_order():
    assert found("E-417: the shaft seal of the P350, not of the P3501") == [
        ("E-417", "ANY_CODE", "E-417"),
        ("shaft seal", "PART", "shaft seal"),
        ("P350", "PRODUCT", "AquaFlow P350"),
    ]


def test_the_longest_match_wins():
    assert found("AquaFlow P350 shows E-417-X") == [
        ("AquaFlow P350", "PRODUCT", "AquaFlow P350"),
        ("E-417-X", "ANY_CODE", "E-417-X"),
    ]


def test_a_match_never_cuts_a_word():
    assert found("shaft seals, MAquaFlow P350") == [("P350", "PRODUCT", "AquaFlow P350")]


def test_rules_hold_literals_by_type_and_each_pattern():
    assert PUMPS.rules()[:3] == (
        Rule(label="PRODUCT", patterns=("AquaFlow P350", "P350"), is_regex=False),
        Rule(label="PART", patterns=("shaft seal",), is_regex=False),
        Rule(label="ERROR_CODE", patterns=(r"\bE-\d{3}\b",), is_regex=True),
    )


def test_an_empty_dictionary_finds_nothing():
    assert Dictionary.from_json({}).find("AquaFlow P350") == []


def test_the_dictionary_of_the_examples_is_valid():
    path = Path(__file__).parents[3] / "examples" / "dictionary.json"
    assert Dictionary.from_json(json.loads(path.read_text())).find("E-417")[0].type == "ERROR_CODE"


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"words": []}, "'words'"),
        ({"names": {}}, "`names` is not a list"),
        ({"names": ["P350"]}, "names[0] is not an object"),
        ({"names": [{"name": " ", "type": "X"}]}, "names[0].name"),
        ({"names": [{"name": "a", "type": "X", "colour": 1}]}, "'colour'"),
        ({"names": [{"name": "a", "type": "X", "aliases": [1]}]}, "names[0].aliases[0]"),
        ({"names": [{"name": "a", "type": "X"}, {"name": "b", "type": "X", "aliases": ["a"]}]}, "'a' names both"),
        ({"patterns": [{"type": "X", "regex": "("}]}, "patterns[0].regex is not a regular"),
        ({"patterns": [{"type": "X", "regex": "a*"}]}, "matches the empty text"),
        ({"patterns": [{"type": "X", "regex": "(?P<a>b)"}]}, "not every matcher"),
        ({"patterns": [{"type": "X", "regex": "(?<=a)b"}]}, "not every matcher"),
        ({"patterns": [{"type": "X", "regex": "a" * 501}]}, "longer than 500"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(mapping: dict[str, object], problem: str):
    with pytest.raises(InvalidInput) as refusal:
        Dictionary.from_json(mapping)
    assert problem in str(refusal.value)


def test_identifiers_are_found_by_shape():
    text = "Mail a.b@c-d.example: E-417, P350, HP-7731-04 v2.4.1, firmware 4.2, COVID, AC-DC, 12.03.2024, X-1, NY-LON"
    assert [text[start:end] for start, end in identifiers(text)] == [
        "a.b@c-d.example", "E-417", "P350", "HP-7731-04", "v2.4.1",
    ]  # fmt: skip
