"""Measures of extraction on small annotated texts, with an extractor whose finds are known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation.extraction import evaluate_extraction, read_annotated
from kgqa.model.document import Chunk
from kgqa.model.mention import Claim, NameSource, NameSupport

CONLL = """-DOCSTART- -X- O O

Elena B-PER
Ruiz I-PER
joined O
Kestrel I-ORG
Seals I-ORG
in O
Leeds B-LOC
Yorkshire B-LOC
. O

She O
left O
1999 B-DATE
"""
DOCRED = [
    {
        "title": "Kestrel",
        "sents": [["Elena", "Ruiz", "founded", "Kestrel", "Seals", "in", "Leeds", "."]],
        "vertexSet": [
            [{"name": "Elena Ruiz", "type": "PER"}, {"name": "Ruiz", "type": "PER"}],
            [{"name": "Kestrel Seals", "type": "ORG"}],
            [{"name": "Leeds", "type": "LOC"}],
        ],
        "labels": [{"h": 1, "t": 0, "r": "P112"}, {"h": 1, "t": 2, "r": "P159"}],
    }
]


class Finds:
    """Finds Elena Ruiz, Leeds as an organisation, and Acme; and that two of them belong together."""

    version = "test"

    def extract(self, chunks: Sequence[Chunk], dictionary_matches: object = None):
        (chunk,) = chunks
        names = [("elena ruiz", "PERSON"), ("leeds", "ORG"), ("acme", "ORG")]
        supports = [
            NameSupport(norm=norm, surface=norm, type=kind, source=NameSource.NER, chunk_id=chunk.id)
            for norm, kind in names
        ]
        claims = [
            Claim(chunk_id=chunk.id, start=0, end=5, subject=a, predicate="found", object=b)
            for a, b in (("ruiz", "kestrel seals"), ("ruiz", "leeds"), ("elena ruiz", "acme"))
        ]
        return [(supports, (), claims)]


def test_names_of_a_conll_file_by_normal_form_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.conll.gz"
    path.write_bytes(gzip.compress(CONLL.encode()))
    (text,) = read_annotated(path)
    assert text.text.splitlines() == ["Elena Ruiz joined Kestrel Seals in Leeds Yorkshire .", "She left 1999"]
    assert text.names == {
        ("elena ruiz", "PERSON"), ("kestrel seals", "ORG"), ("leeds", "PLACE"), ("yorkshire", "PLACE"),
    }  # fmt: skip
    measures = evaluate_extraction([text], Finds())
    assert (measures["name_precision"], measures["name_recall"]) == (pytest.approx(2 / 3), pytest.approx(2 / 4))
    assert (measures["entity_precision"], measures["entity_recall"]) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert "relation_f1" not in measures


def test_relations_of_a_docred_file_by_the_names_they_connect(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(DOCRED))
    measures = evaluate_extraction(read_annotated(path), Finds())
    # of (ruiz, kestrel seals) and (ruiz, leeds) between annotated names one is a relation; one of two is reached
    assert (measures["relation_precision"], measures["relation_recall"]) == (0.5, 0.5)


@pytest.mark.parametrize("content", ['[{"sents": 3}]', '[{"title"'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="neither CoNLL"):
        read_annotated(path)
