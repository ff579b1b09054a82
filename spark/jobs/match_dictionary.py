"""The domain dictionary, matched by Spark NLP's EntityRuler over the texts of chunks.

The ruler says of every rule where it first matches in a text, and no more: 5.5.3 reports one match of a regular
expression per text. `Speller` reads the further matches off the few texts that have one, and `Dictionary.settle`
decides between them, as it does for spaCy's ruler. Literals are given to it as regular expressions, too: its own
automaton loses a literal that runs into the beginning of another one ("drive board" where "board kit" is known).

The ruler takes annotations, one per text; they are made here without the pipeline stages that would copy the texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from kgqa.ingest.dictionary import Dictionary, Rule
from kgqa.model.mention import DictionaryMatch
from spark import schemas

#: Java reads classes such as \w as Python does, and only \n as the end of a line
JAVA_FLAGS = "(?Ud)"


def transform(readings: DataFrame, dictionary: Dictionary, folder: Path) -> DataFrame:
    """READING plus `regions` (array of REGION): where each text has which rules. `folder` is for the ruler's file."""
    from sparknlp.annotator import EntityRulerApproach  # takes a second, and most runs need none of it

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "patterns.json"
    file.write_text(json.dumps(ruler_patterns(dictionary.rules())), encoding="utf-8")
    annotated = readings.withColumn("document", _annotations(fn.col("texts"))).withColumn("token", _no_annotations())
    ruler = EntityRulerApproach().setInputCols(["document", "token"]).setOutputCol("found").setUseStorage(False)
    found = ruler.setSentenceMatch(True).setPatternsResource(str(file)).fit(annotated).transform(annotated)
    return found.select(*schemas.READING.names, _regions(fn.col("found")).alias("regions"))


def ruler_patterns(rules: Sequence[Rule]) -> list[dict[str, object]]:
    """The rules as the ruler reads them; each is labelled with its number."""
    return [
        {
            "id": str(i),
            "label": str(i),
            "patterns": [JAVA_FLAGS + (rule.patterns[0] if rule.is_regex else any_of(rule.patterns))],
            "regex": True,
        }
        for i, rule in enumerate(rules)
    ]


def any_of(literals: Iterable[str]) -> str:
    """A regular expression of literals, branching by their first character so that most places cost one look."""
    by_first: dict[str, list[str]] = {}
    for literal in sorted(set(literals)):
        by_first.setdefault(literal[0], []).append(literal[1:])
    branches = [_quoted(first) + "(?:" + "|".join(map(_quoted, rests)) + ")" for first, rests in by_first.items()]
    return "(?:" + "|".join(branches) + ")"


class Speller:
    """Reads the matches of a dictionary off texts, where the ruler's regions say that there are some."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._rules = dictionary.rules()
        self._regexes = {i: re.compile(rule.patterns[0]) for i, rule in enumerate(self._rules) if rule.is_regex}

    def matches(
        self, chunk_ids: Sequence[int], texts: Sequence[str], regions: Iterable[Mapping[str, Any]]
    ) -> dict[int, list[DictionaryMatch]]:
        """The matches in the texts of one READING row, by chunk id; chunks without any have an empty list."""
        by_text: dict[int, list[tuple[int, int]]] = {}
        for region in regions:
            by_text.setdefault(region["text"], []).append((region["start"], region["rule"]))
        return {
            chunk: self._dictionary.settle(text, self.spell_out(text, by_text[i])) if i in by_text else []
            for i, (chunk, text) in enumerate(zip(chunk_ids, texts, strict=True))
        }

    def spell_out(self, text: str, regions: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(start, end, type) of every match of the rules that first match at (start in UTF-16 units, rule)."""
        points = _code_points(text)
        found: list[tuple[int, int, str]] = []
        for start, number in regions:
            rule = self._rules[number]
            regex = self._regexes.get(number)
            regexes = [regex] if regex else [re.compile(re.escape(p)) for p in rule.patterns if p in text]
            found += [(m.start(), m.end(), rule.label) for r in regexes for m in r.finditer(text, points[start])]
        return found


def _code_points(text: str) -> Sequence[int]:
    """For every offset in UTF-16 units the offset in code points."""
    if text.isascii():
        return range(len(text) + 1)
    points: list[int] = []
    for i, char in enumerate(text):
        points += [i] * (2 if ord(char) > 0xFFFF else 1)
    return [*points, len(text)]


def _quoted(literal: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else f"\\x{{{ord(c):X}}}" for c in literal)


def _annotations(texts: Column) -> Column:
    """One annotation per text, as DocumentAssembler makes them; `sentence` is the number of the text."""
    made = fn.transform(
        texts,
        lambda text, i: fn.struct(
            fn.lit("document").alias("annotatorType"),
            fn.lit(0).alias("begin"),
            (fn.length(text) - 1).cast("int").alias("end"),
            text.alias("result"),
            fn.create_map(fn.lit("sentence"), i.cast("string")).alias("metadata"),
            fn.array().cast("array<float>").alias("embeddings"),
        ),
    )
    return made.alias("document", metadata={"annotatorType": "document"})


def _no_annotations() -> Column:
    """Tokens, which the ruler asks for and does not use when it matches whole texts."""
    return fn.array().cast(schemas.ANNOTATIONS).alias("token", metadata={"annotatorType": "token"})


def _regions(annotations: Column) -> Column:
    return fn.transform(
        annotations,
        lambda a: fn.struct(
            a["metadata"]["sentence"].cast("int").alias("text"),
            a["begin"].alias("start"),
            a["metadata"]["entity"].cast("int").alias("rule"),
        ),
    )
