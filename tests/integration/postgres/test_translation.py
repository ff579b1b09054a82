"""Translations in the record: found by their words, kept as long as their chunk, seen by whoever sees the chunk."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest

from kgqa.adapters.models.extractor import SpacyExtractor
from kgqa.adapters.postgres.check import check_record
from kgqa.adapters.postgres.content import differences, record_content
from kgqa.adapters.postgres.erasure import subject_documents
from kgqa.adapters.postgres.search_index import PostgresSearchIndex
from kgqa.adapters.postgres.stage import open_run
from kgqa.adapters.postgres.stage_access import stage_access
from kgqa.adapters.scripted.encoder import HashingEncoder
from kgqa.adapters.scripted.translator import GlossaryTranslator
from kgqa.ask.retrieve import base_order
from kgqa.errors import DependencyUnavailable
from kgqa.ingest.pipeline import IngestParts, content_hash, ingest_documents, options_hashes, stage_versions
from kgqa.ingest.translate import Pivot
from kgqa.model.answer import AskOptions, Caller
from kgqa.model.delta import DeltaReport, IngestDelta
from kgqa.model.document import RawDocument
from kgqa.text.needle import Needle

PUBLIC = Caller(subject="public", principals=("public",))
IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))
GASKET = "La junta de la bomba fue fabricada en la nueva planta de Oslo por los ingenieros de la empresa."
ENGINE = "El motor de la bomba se revisa cada semana en el taller, y los resultados se guardan en un archivo."
ENGLISH = "The valve of the pump was made in the new plant in Oslo by the engineers of the company."
GLOSSARY = {"junta": "gasket", "bomba": "pump", "motor": "engine", "semana": "week", "correa": "belt"}
QUESTION = "Which gasket?"


class Translated:
    """A lake whose documents are translated to English by a glossary."""

    def __init__(self, store, translator: GlossaryTranslator, *, is_on: bool = True) -> None:
        self.store, self.translator = store, translator
        pivot = Pivot(language="en", translator=translator, kept=store.kept_translations) if is_on else None
        self.parts = IngestParts(extractor=SpacyExtractor(), embedder=HashingEncoder(), pivot=pivot)

    def put(self, *readers: str, **texts: str) -> DeltaReport:
        raws = [raw(key, text, readers or ("public",)) for key, text in texts.items()]
        return self.store.apply_delta(IngestDelta(collection="lake", upserts=tuple(ingest_documents(raws, self.parts))))

    def delete(self, *keys: str) -> DeltaReport:
        return self.store.apply_delta(IngestDelta(collection="lake", deletions=[f"{key}.md" for key in keys]))


def raw(key: str, text: str, readers: Sequence[str] = ("public",)) -> RawDocument:
    data = f"# Note\n\n{text}\n".encode()
    return RawDocument(collection="lake", key=f"{key}.md", uri="u", data=data, principals=tuple(readers))


@pytest.fixture
def translated(store) -> Translated:
    return Translated(store, GlossaryTranslator(GLOSSARY))


def rows(pools, query: str) -> list[tuple[object, ...]]:
    with pools.pipeline.connection() as connection:
        return connection.execute(query).fetchall()


def keyword_hits(pools, question: str = QUESTION, caller: Caller = PUBLIC) -> dict[str, str]:
    """Translations by key of the document, of chunks that the words of a question find; empty without one."""
    index = PostgresSearchIndex(pools.app)
    view = index.view(caller, "lake")
    vector = HashingEncoder().embed([question], "query")[0]
    found = [c.chunk_id for c in index.candidates(view, vector=vector, text=question, depth=10) if c.keyword > 0]
    return {e.document_key: e.translation for e in index.evidence(view, found)}


def problems(pools) -> dict[str, int]:
    (generation,) = rows(pools, "select id from index_generation where state = 'active'")[0]
    return {f.what: f.rows for _, findings in check_record(pools.pipeline, int(str(generation))) for f in findings}


def test_a_question_in_the_pivot_finds_a_passage_by_the_words_of_its_translation(pools, translated) -> None:
    translated.put(a=GASKET, b=ENGLISH)
    (translation,) = [t for _, t in keyword_hits(pools).items()]
    assert "La gasket de la pump" in translation
    assert set(keyword_hits(pools, "junta")) == {"a.md"}
    assert set(keyword_hits(pools, "pump")) == {"a.md", "b.md"}
    (text, said) = rows(pools, "select c.text, t.text from chunk c join chunk_translation t on t.chunk_id = c.id")[0]
    assert GASKET in str(text)
    assert said != text
    assert problems(pools) == {}


def test_without_translation_the_same_question_finds_nothing(pools, store) -> None:
    Translated(store, GlossaryTranslator(GLOSSARY), is_on=False).put(a=GASKET, b=ENGLISH)
    assert keyword_hits(pools) == {}
    assert rows(pools, "select count(*) from chunk_translation") == [(0,)]


def test_keyword_has_a_say_about_a_passage_that_is_translated_to_the_questions_language(pools, translated) -> None:
    translated.put(a=GASKET, c=ENGINE)
    index = PostgresSearchIndex(pools.app)
    vector = HashingEncoder().embed([QUESTION], "query")[0]
    found = index.candidates(index.view(PUBLIC, "lake"), vector=vector, text=QUESTION, depth=10)
    assert {(c.language, c.translation_language) for c in found} == {("es", "en")}
    (best, other) = base_order(found, "en", AskOptions(vector_weight=0, sentence_weight=0))
    assert (best.score, other.score) == (1.0, 0.0)
    assert {c.score for c in base_order(found, "fr", AskOptions(vector_weight=0, sentence_weight=0))} == {0.0}


def test_an_edit_translates_what_changed_alone(pools, translated) -> None:
    translated.put(a=f"{GASKET}\n\n# Two\n\n{ENGINE}")
    assert len(translated.translator.asked) == 2
    translated.put(a=f"{GASKET}\n\n# Two\n\n{ENGINE.replace('motor', 'correa')}")
    assert [text.count("correa") for text, _, _ in translated.translator.asked[2:]] == [1]
    assert (set(keyword_hits(pools, "gasket")), set(keyword_hits(pools, "belt"))) == ({"a.md"}, {"a.md"})
    assert keyword_hits(pools, "engine") == {}
    assert rows(pools, "select count(*) from chunk_translation") == [(2,)]
    assert problems(pools) == {}


def test_deleting_leaves_nothing_of_a_translation(pools, translated, other_lake) -> None:
    translated.put(a=GASKET, b=ENGLISH, c=ENGINE)
    translated.delete("a")
    assert keyword_hits(pools) == {}
    assert rows(pools, "select count(*) from chunk_translation where text like '%gasket%'") == [(0,)]
    assert problems(pools) == {}
    Translated(other_lake.store, GlossaryTranslator(GLOSSARY)).put(b=ENGLISH, c=ENGINE)
    with pools.pipeline.connection() as mine, other_lake.pools.pipeline.connection() as fresh:
        assert differences(record_content(fresh), record_content(mine)) == []
    translated.delete("b", "c")
    for table in ("chunk_translation", "chunk_index", "corpus_statistics", "term_statistics"):
        assert rows(pools, f"select count(*) from {table}") == [(0,)], table  # noqa: S608 - a constant


def test_switching_translation_off_takes_the_translations_away(pools, store, translated) -> None:
    translated.put(a=GASKET)
    Translated(store, GlossaryTranslator(), is_on=False).put(a=GASKET)
    assert rows(pools, "select count(*) from chunk_translation") == [(0,)]
    assert keyword_hits(pools) == {}
    assert problems(pools) == {}


def test_a_translation_is_seen_by_whoever_sees_the_chunk(pools, translated) -> None:
    translated.put("user:ivy", a=GASKET)
    translated.put(b=ENGLISH)
    assert keyword_hits(pools) == {}
    assert set(keyword_hits(pools, caller=IVY)) == {"a.md"}
    for principals, seen in (("{public}", 0), ("{public,user:ivy}", 1)):
        with pools.app.connection() as connection, connection.transaction():
            connection.execute("select set_config('kgqa.principals', %s, true)", (principals,))
            assert connection.execute("select count(*) from chunk_translation").fetchone() == (seen,)


def test_hidden_translations_change_no_score(pools, translated) -> None:
    def scores() -> list[tuple[int, float]]:
        index = PostgresSearchIndex(pools.app)
        vector = HashingEncoder().embed(["pump"], "query")[0]
        found = index.candidates(index.view(PUBLIC, "lake"), vector=vector, text="pump", depth=10)
        return [(c.chunk_id, c.keyword) for c in found]

    translated.put(a=GASKET, b=ENGLISH)
    before = scores()
    translated.put("user:ivy", c=ENGINE)
    assert scores() == before


def test_other_readers_get_the_same_rows_without_translating_again(pools, store, translated) -> None:
    translated.put(a=GASKET)
    asked = len(translated.translator.asked)
    run = store.start_run("lake", {})
    with pools.pipeline.connection() as connection, connection.transaction():
        stage_access(connection, open_run(connection, run), {"a.md": ("user:ivy",)})
    store.publish(run)
    assert (keyword_hits(pools, caller=IVY) != {}, len(translated.translator.asked)) == (True, asked)
    assert rows(pools, "select count(*) from chunk_translation") == [(1,)]
    assert problems(pools) == {}


def test_an_outage_leaves_the_document_and_the_next_ingest_reads_it_again(pools, store, translated) -> None:
    translated.translator.failures = {"junta": DependencyUnavailable("The translator is away.")}
    report = translated.put(a=GASKET, c=ENGINE)
    assert (report.indexed, report.untranslated) == (2, 1)
    assert report.reasons == (("a.md", "1 of 1 passages are not translated into en: The translator is away."),)
    assert set(keyword_hits(pools, "junta")) == {"a.md"}
    assert keyword_hits(pools) == {}
    versions = stage_versions(translated.parts)
    run = store.start_run("lake", versions)
    hashes = {f"{key}.md": content_hash(raw(key, text)) for key, text in (("a", GASKET), ("c", ENGINE))}
    assert store.unchanged(run, hashes, options_hashes(versions)) == {"c.md"}
    translated.translator.failures = {}
    assert translated.put(a=GASKET).untranslated == 0
    assert set(keyword_hits(pools)) == {"a.md"}
    assert store.unchanged(run, hashes, options_hashes(versions)) == {"a.md", "c.md"}
    assert problems(pools) == {}


def test_another_generation_finds_the_translations_of_the_active_one(pools, store, database, translated) -> None:
    translated.put(a=GASKET)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        (number,) = owner.execute("select create_generation('{}', 384, 'building')").fetchone()
    built = Translated(store.at(number), translated.translator)
    run = built.store.start_run("lake", stage_versions(built.parts))
    built.store.stage(run, ingest_documents([raw("a", GASKET)], built.parts))
    built.store.publish(run)
    assert len(translated.translator.asked) == 1
    assert rows(pools, "select count(*) from chunk_translation") == [(2,)]
    assert {f.what for _, found in check_record(pools.pipeline, number) for f in found} == set()
    translated.delete("a")
    assert rows(pools, "select count(*) from chunk_translation") == [(0,)]


def test_what_is_wrong_with_a_translation_is_found(pools, database, translated) -> None:
    translated.put(a=GASKET, b=ENGLISH)
    for what, damage in {
        "corpus size": "update corpus_statistics set translations = translations + 1",
        "document frequency": "update chunk_index set translation_terms = '{1}' where translation_terms is not null",
        "translation without words": "update chunk_translation set language = 'fr'",
        "words without translation": "delete from chunk_translation",
    }.items():
        with psycopg.connect(database.owner_url) as owner:
            assert owner.execute(damage.encode()).rowcount, what
        assert problems(pools).get(what), what


def test_what_a_translation_alone_says_of_somebody_is_found_to_be_erased(database, translated) -> None:
    translated.translator.glossary = {"junta": "Quibblesworth"}
    translated.put(a=GASKET, b=ENGLISH)
    (found,) = subject_documents(database.owner_url, Needle.of("quibblesworth"))
    assert (found.key, found.places) == ("a.md", ("translation",))


def test_what_a_collection_is_translated_to_is_kept(store) -> None:
    assert store.translate_to("lake") == ""
    store.set_translate_to("lake", "en")
    assert store.translate_to("lake") == "en"
    with pytest.raises(psycopg.errors.CheckViolation):
        store.set_translate_to("lake", "English")
