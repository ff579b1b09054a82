"""Measures of language detection on texts whose language is in the name of their file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation.languages import LONG, SHORT, Texts, detectors, evaluate_languages, read_texts
from kgqa.evaluation.measures import share

ENGLISH = "The bearing had run dry, and the coupling was worn on one side, so the crew ordered both parts again. "
GERMAN = "Das Lager war trocken gelaufen, und die Kupplung war an einer Seite abgenutzt, also bestellte man beide neu. "


def squad(path: Path, contexts: list[str], question: str) -> Path:
    paragraphs = [{"context": text, "qas": [{"question": question}]} for text in contexts]
    path.write_bytes(gzip.compress(json.dumps({"data": [{"paragraphs": paragraphs}]}).encode()))
    return path


def test_texts_are_read_by_the_language_in_the_name_each_once(tmp_path: Path):
    squad(tmp_path / "some.en.json.gz", [ENGLISH, ENGLISH], "Who ordered the parts?")
    squad(tmp_path / "some.de.json.gz", [GERMAN], "Wer hat die Teile bestellt?")
    texts = read_texts([tmp_path])
    assert texts.by_kind[("en", LONG)] == (ENGLISH,)
    assert texts.by_kind[("de", SHORT)] == ("Wer hat die Teile bestellt?",)
    assert texts.languages == ["de", "en"]


@pytest.mark.parametrize("name", ["some.json", "some.xx.json", "texts"])
def test_a_file_that_does_not_say_its_language_is_refused(name: str, tmp_path: Path):
    path = tmp_path / name
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInput, match="language"):
        read_texts([path])


def test_every_detector_is_measured_and_wrong_ones_show():
    texts = Texts(by_kind={("en", LONG): (ENGLISH * 3,), ("de", LONG): (GERMAN * 3,)})
    rows = evaluate_languages(texts, {"always": lambda _: "en"})
    assert {(row.language, row.accuracy.mean) for row in rows} == {("en", 1.0), ("de", 0.0)}


def test_chunks_of_mixed_documents_have_a_language_of_their_own():
    texts = Texts(by_kind={("en", LONG): (ENGLISH * 6,) * 3, ("de", LONG): (GERMAN * 6,) * 3, ("de", SHORT): (GERMAN,)})
    rows = {(row.language, row.kind): row.accuracy.mean for row in evaluate_languages(texts, {})}
    assert rows == {("de", "mixed long"): 1.0, ("de", "mixed short"): 1.0, ("en", "mixed long"): 1.0}


def test_the_product_is_compared_with_two_others():
    assert list(detectors()) == ["kgqa", "py3langid, all", "fasttext, lite"]


def test_an_interval_of_few_cases_is_wide_and_never_leaves_the_unit():
    assert share(3, 3).low == pytest.approx(0.4385, abs=1e-3)
    assert share(3, 3).high == pytest.approx(1.0)
    assert share(0, 10).low == 0.0
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)
    assert share(50, 100).low == pytest.approx(0.4038, abs=1e-3)
