"""Spark NLP's EntityRuler finds what the dictionary's plain matcher and spaCy's ruler find."""

from __future__ import annotations

import json
import random
from pathlib import Path

from pyspark.sql import SparkSession

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.ingest.dictionary import Dictionary
from spark import schemas
from spark.jobs import match_dictionary

EXAMPLES = Path(__file__).parents[3] / "examples"
DICTIONARY = {
    "names": [
        {"name": "AquaFlow P350", "type": "PRODUCT", "aliases": ["P350", "Strömung 350"]},
        {"name": "Kestrel Seals", "type": "ORG", "aliases": ["Kestrel", "Seals Ltd"]},
        {"name": "Marlow Gateway Unit", "type": "PART", "aliases": ["Marlow", "Gateway Two"]},
        {"name": "drive board", "type": "PART", "aliases": ["board"]},
        {"name": "C++ kit", "type": "PART", "aliases": ["kit"]},
    ],
    "patterns": [
        {"type": "ERROR_CODE", "regex": r"\bE-\d{3}\b"},
        {"type": "CHANGE_ORDER", "regex": r"\bCO-\d{4}\b"},
        {"type": "KIT", "regex": r"kit-\w+"},
        {"type": "PLACE", "regex": r"[^\W\d]+straße \d+"},
    ],
}
TEXTS = [
    "The AquaFlow P350 by Kestrel Seals Ltd showed E-417, E-418 and E-419/E-420. xE-421 E-4222",
    "",
    "\U0001f600 P350 fällt aus: E-417\nE-418 Kestrel\nSeals; 漢字 Kestrel Seals",
    "P350P350 P350-board drive board boarding C++ kit kit-é7 kit",
    "Hauptstraße 12, Nebenstraße 7 und éE-417, Strömung 350, \U0001f600\U0001f600E-555 CO-2041",
    "Kestrel Sealing, Kestrel Se, Marlow Gateway Two, Marlow Gateway Unit, Marlow Gateway Un",
    "nothing here at all",
]


def matched(session: SparkSession, dictionary: Dictionary, texts: list[list[str]], folder: Path):
    rows = [(str(i), b"", list(range(len(t))), t) for i, t in enumerate(texts)]
    frame = match_dictionary.transform(session.createDataFrame(rows, schemas.READING), dictionary, folder)
    assert frame.columns == [*schemas.READING.names, "regions"]
    assert frame.schema["regions"].dataType.simpleString() == schemas.REGION_ARRAY.simpleString()
    speller = match_dictionary.Speller(dictionary)
    found = {row["key"]: speller.matches(*row[2:]) for row in frame.collect()}
    return [[found[str(i)][j] for j in range(len(t))] for i, t in enumerate(texts)]


def test_every_match_of_the_plain_matcher_is_found(session: SparkSession, tmp_path: Path) -> None:
    dictionary = Dictionary.from_json(DICTIONARY)
    found = matched(session, dictionary, [TEXTS[:3], [], TEXTS[3:]], tmp_path)
    assert found == [[dictionary.find(t) for t in TEXTS[:3]], [], [dictionary.find(t) for t in TEXTS[3:]]]
    assert sum(len(matches) for document in found for matches in document) > 20
    of_spacy = SpacyExtractor(dictionary).match_dictionary
    assert found == [of_spacy(TEXTS[:3]), [], of_spacy(TEXTS[3:])]


def test_random_texts_and_dictionaries_give_the_same_matches(session: SparkSession, tmp_path: Path) -> None:
    draw = random.Random(11)

    def word(letters: str, size: int) -> str:
        return "".join(draw.choice(letters) for _ in range(size))

    literals = sorted({word("abA ", draw.randint(2, 6)).strip() for _ in range(40)} - {"", *"abA"})
    names = [{"name": x, "type": draw.choice("XY")} for x in literals]
    patterns = [{"type": "Z", "regex": r"b+[aA]"}, {"type": "W", "regex": r"A\s?b|é+"}]
    dictionary = Dictionary.from_json({"names": names, "patterns": patterns})
    texts = [[word("abA cé\U0001f600-", draw.randint(0, 40)) for _ in range(3)] for _ in range(150)]
    found = matched(session, dictionary, texts, tmp_path)
    assert found == [[dictionary.find(t) for t in d] for d in texts]
    assert found == [SpacyExtractor(dictionary).match_dictionary(d) for d in texts]


def test_a_literal_that_runs_into_another_one_is_found(session: SparkSession, tmp_path: Path) -> None:
    dictionary = Dictionary.from_json(
        {"names": [{"name": "drive board", "type": "PART"}, {"name": "board kit", "type": "PART"}]}
    )
    found = matched(session, dictionary, [["the drive board kennel", "a drive board kit"]], tmp_path)
    assert [[m.name for m in matches] for matches in found[0]] == [["drive board"], ["drive board"]]


def test_the_dictionary_of_the_examples_matches_alike_over_the_examples(session: SparkSession, tmp_path: Path) -> None:
    dictionary = Dictionary.from_json(json.loads((EXAMPLES / "dictionary.json").read_text(encoding="utf-8")))
    files = sorted(p for p in (EXAMPLES / "lake").rglob("*") if p.suffix in {".md", ".txt", ".html", ".csv", ".eml"})
    texts = [p.read_text(encoding="utf-8") for p in files]
    found = matched(session, dictionary, [texts], tmp_path)[0]
    assert found == SpacyExtractor(dictionary).match_dictionary(texts)
    assert sum(map(len, found)) > 50
