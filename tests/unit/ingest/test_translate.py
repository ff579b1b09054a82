"""Passages into the pivot language: which ones, what of a translation is believed, and what a failure costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.adapters.scripted.translator import GlossaryTranslator
from kgqa.errors import ConfigurationError, DependencyUnavailable, KgqaError
from kgqa.ingest.mask import PersonalData
from kgqa.ingest.pipeline import IngestOptions, IngestParts, ingest_documents, options_hashes, stage_versions
from kgqa.ingest.translate import Pivot
from kgqa.model.document import Outcome, RawDocument
from kgqa.model.pii import PiiPolicy, PiiSpan, SealedValue
from kgqa.text.pseudonyms import Pseudonyms
from kgqa.text.terms import analyse

SPANISH = "La junta de la bomba fue fabricada en la nueva planta de Oslo por los ingenieros de la empresa."
OTHER = "El motor de la bomba se revisa cada semana en el taller, y los resultados se guardan en un archivo."
ENGLISH = "The gasket of the pump was made in the new plant in Oslo by the engineers of the company."
FINNISH = "Pumpun tiiviste valmistettiin yhtiön uudessa tehtaassa, ja insinöörit tarkastivat sen huolellisesti."
GLOSSARY = {"junta": "gasket", "bomba": "pump", "motor": "engine", "semana": "week"}


def parts(translator: GlossaryTranslator | None, pivot: str = "en") -> IngestParts:
    made = Pivot(language=pivot, translator=translator) if translator else None
    return IngestParts(extractor=SpacyExtractor(), embedder=HashingEncoder(), pivot=made)


def raw(text: str, key: str = "a.txt") -> RawDocument:
    return RawDocument(collection="c", key=key, uri="", data=text.encode(), metadata={"title": "Note"})


def test_only_passages_in_another_language_are_translated_and_the_original_stays() -> None:
    translator = GlossaryTranslator(GLOSSARY)
    plain = ingest_documents([raw(SPANISH), raw(ENGLISH, "b.txt")], parts(None))
    spanish, english = ingest_documents([raw(SPANISH), raw(ENGLISH, "b.txt")], parts(translator))
    assert translator.asked == [(SPANISH, "es", "en")]
    (translation,) = spanish.translations
    assert translation is not None
    assert (translation.language, translation.engine) == ("en", "glossary 1")
    assert translation.text.startswith("La gasket de la pump")
    assert set(translation.terms.terms) == set(analyse(f"Note\n{translation.text}", "en"))
    assert english.translations == (None,)
    for before, after in zip(plain, (spanish, english), strict=True):
        assert (after.chunks, after.names, after.chunk_hashes) == (before.chunks, before.names, before.chunk_hashes)
        assert (after.terms[0].terms == before.terms[0].terms).all()
        assert after.reason == ""


def test_passages_of_no_certain_language_are_left_alone() -> None:
    translator = GlossaryTranslator(GLOSSARY)
    (delta,) = ingest_documents([raw("P200 417 E-77 12.5 88-1")], parts(translator))
    assert translator.asked == []
    assert set(delta.translations) == {None}


def test_what_was_translated_before_is_not_translated_again() -> None:
    kept: dict[bytes, str] = {}
    asked: list[tuple[str, str]] = []

    def known(language: str, engine: str, hashes: Sequence[bytes]) -> dict[bytes, str]:
        asked.append((language, engine))
        return {digest: kept[digest] for digest in hashes if digest in kept}

    translator = GlossaryTranslator(GLOSSARY)
    made = replace(parts(None), pivot=Pivot(language="en", translator=translator, kept=known))
    (first,) = ingest_documents([raw(f"# One\n\n{SPANISH}\n", "a.md")], made)
    kept |= {t.text_hash: t.text for t in first.translations if t}
    (second,) = ingest_documents([raw(f"# One\n\n{SPANISH}\n\n# Two\n\n{OTHER}\n", "a.md")], made)
    assert asked == [("en", "glossary 1")] * 2
    assert len(second.chunks) == 2
    assert [text.count(OTHER) for text, _, _ in translator.asked] == [0, 1]
    assert all(second.translations)


def test_one_text_is_translated_once_however_often_it_occurs() -> None:
    translator = GlossaryTranslator(GLOSSARY)
    deltas = ingest_documents([raw(SPANISH), raw(SPANISH, "b.txt")], parts(translator))
    assert len(translator.asked) == 1
    assert all(delta.translations[0] for delta in deltas)


@dataclass(frozen=True)
class Known:
    version: str = "1"
    types: frozenset[str] = frozenset(("PERSON",))

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        at = text.find("Elena Ruiz")
        return [PiiSpan(start=at, end=at + 10, type="PERSON")] if at >= 0 else []


@dataclass(frozen=True)
class Unsealed:
    def seal(self, collection: str, token: str, value: str) -> SealedValue:
        return SealedValue(token=token, type="PERSON", key_id="a", ciphertext=b"x")


@pytest.mark.parametrize(
    ("glossary", "survives"),
    [(GLOSSARY, True), ({"person": "PERSONA"}, False), ({"ordenada": "[PERSON:000000000000]"}, False)],
)
def test_a_translation_of_masked_text_never_sees_a_value_and_keeps_every_token(glossary, survives) -> None:
    translator = GlossaryTranslator(glossary)
    personal = PersonalData(
        policy=PiiPolicy.MASK,
        detector=Known(),
        pseudonyms=Pseudonyms(key=b"k", collection="c"),
        sealer=Unsealed(),
    )
    masking = replace(parts(translator), options=IngestOptions(personal=personal))
    (delta,) = ingest_documents([raw(f"{SPANISH} La bomba fue ordenada por Elena Ruiz hace ya mucho tiempo.")], masking)
    assert all("Elena" not in text and "[PERSON:" in text for text, _, _ in translator.asked)
    assert bool(delta.translations[0]) is survives
    assert ("masked value" in delta.reason) is not survives
    assert delta.options_hash == options_hashes(stage_versions(masking)).usual


@pytest.mark.parametrize("nothing", ["", "\0 \n", "word " * 10_000])
def test_what_cannot_be_a_translation_is_none(nothing: str) -> None:
    translator = GlossaryTranslator({word.lower(): nothing for word in SPANISH.replace(".", "").split()})
    (delta,) = ingest_documents([raw(SPANISH.removesuffix("."))], parts(translator))
    assert delta.translations == (None,)
    assert delta.outcome is Outcome.INDEXED
    assert "1 of 1 passages are not translated into en" in delta.reason


def test_text_that_no_database_takes_is_made_harmless() -> None:
    translator = GlossaryTranslator({"junta": "gas\0ket\ud800"})
    (delta,) = ingest_documents([raw(SPANISH)], parts(translator))
    assert delta.translations[0]
    assert delta.translations[0].text.startswith("La gasket de")


@pytest.mark.parametrize(
    ("problem", "is_tried_again"),
    [
        (DependencyUnavailable("It is away."), True),
        (ConfigurationError("There is no pair.", hint="install it."), False),
    ],
)
def test_a_failure_costs_the_translation_and_says_so(problem: KgqaError, *, is_tried_again: bool) -> None:
    translator = GlossaryTranslator(GLOSSARY, failures={"junta": problem})
    made = parts(translator)
    failed, fine = ingest_documents([raw(SPANISH), raw(OTHER, "b.txt")], made)
    assert (failed.outcome, failed.translations) == (Outcome.INDEXED, (None,))
    assert failed.reason == f"1 of 1 passages are not translated into en: {problem}"
    assert (fine.reason, bool(fine.translations[0])) == ("", True)
    usual = options_hashes(stage_versions(made)).usual
    assert fine.options_hash == usual
    assert (failed.options_hash != usual) is is_tried_again


def test_collections_that_are_not_translated_are_not_read_again_and_others_are() -> None:
    off = options_hashes(stage_versions(parts(None)))
    assert "translate" not in stage_versions(parts(None))
    english = options_hashes(stage_versions(parts(GlossaryTranslator())))
    german = options_hashes(stage_versions(parts(GlossaryTranslator(), "de")))
    another = options_hashes(stage_versions(parts(GlossaryTranslator(name="glossary 2"))))
    assert len({h.usual for h in (off, english, german, another)}) == 4


def test_everything_is_translated_to_the_pivot_whatever_it_is() -> None:
    translator = GlossaryTranslator()
    ingest_documents([raw(SPANISH), raw(ENGLISH, "b.txt"), raw(FINNISH, "c.txt")], parts(translator, "es"))
    assert {(source, target) for _, source, target in translator.asked} == {("en", "es"), ("fi", "es")}
