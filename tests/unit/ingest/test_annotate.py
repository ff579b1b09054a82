from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ingest.annotate import annotate, choose_sense, may_contain, own_senses, title_norms
from kgqa.model.mention import NameSource, NameSupport
from kgqa.text.gazetteer import Gazetteer, GazetteerEntry, candidates
from kgqa.text.names import is_nameable
from kgqa.text.terms import analyse


def gazetteer(**senses: str) -> Gazetteer:
    """Names (underscores for spaces) with one unsigned sense each."""
    return Gazetteer(
        GazetteerEntry(norm=name.replace("_", " "), senses=((type_, ""),), documents=1, heading_documents=0)
        for name, type_ in senses.items()
    )


def support(norm: str, type_: str, signature: str = "", source: NameSource = NameSource.NER, chunk_id: int = 1):
    return NameSupport(
        norm=norm, surface=norm, type=type_, source=source, signature=signature, chunk_id=chunk_id or None
    )


def named(text: str, known: Gazetteer, titles: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(text[m.start : m.end], m.norm) for m in annotate(1, text, titles, known, {}) if not m.is_title]


def test_mentions_are_title_names_first_then_names_of_the_text_in_order():
    known = gazetteer(p350="PRODUCT", kestrel_seals="ORG")
    found = annotate(7, "P350 by Kestrel Seals", ["p350"], known, {})
    assert [(m.norm, m.start, m.end, m.is_title, m.type) for m in found] == [
        ("p350", 0, 0, True, "PRODUCT"),
        ("p350", 0, 4, False, "PRODUCT"),
        ("kestrel seals", 8, 21, False, "ORG"),
    ]
    assert {m.chunk_id for m in found} == {7}


def test_a_surname_becomes_the_only_person_of_that_name():
    known = gazetteer(elena_ruiz="PERSON", ruiz="PERSON", elena="PERSON")
    assert named("Elena Ruiz signed. Ruiz and Elena left.", known) == [
        ("Elena Ruiz", "elena ruiz"),
        ("Ruiz", "elena ruiz"),
        ("Elena", "elena"),
    ]


def test_a_surname_of_two_people_stays_alone_unless_the_title_is_one_of_them():
    known = gazetteer(elena_ruiz="PERSON", pablo_ruiz="PERSON", ruiz="PERSON")
    text = "Elena Ruiz met Pablo Ruiz. Ruiz left."
    assert named(text, known)[-1] == ("Ruiz", "ruiz")
    assert named(text, known, ("pablo ruiz",))[-1] == ("Ruiz", "pablo ruiz")
    assert named("Ruiz left.", known, ("pablo ruiz",)) == [("Ruiz", "pablo ruiz")]


def test_the_last_word_of_a_company_is_no_surname():
    known = gazetteer(kestrel_seals="ORG", seals="ORG")
    assert named("Kestrel Seals. Seals.", known)[-1] == ("Seals", "seals")


def test_title_names_are_title_headings_and_row_key_that_are_known():
    known = gazetteer(west_chicago="GPE", west_chicago_illinois="GPE", history="", hp_7731="PART")
    assert title_norms("West Chicago, Illinois", ("Overview", "History"), "HP-7731", known) == (
        "west chicago illinois",
        "west chicago",
        "history",
        "hp 7731",
    )


def test_the_own_signature_decides_the_sense_and_takes_the_usual_type():
    own = own_senses([support("elena ruiz", "", "quality", NameSource.TITLE, 0)], 1)
    assert choose_sense("elena ruiz", gazetteer(elena_ruiz="PERSON"), own) == ("PERSON", "quality")
    assert choose_sense("elena ruiz", gazetteer(elena_ruiz="PERSON"), {}) == ("PERSON", "")


def test_two_people_of_one_name_in_a_document_are_told_apart_by_chunk():
    supports = [
        support("elena ruiz", "PERSON", "quality", chunk_id=1),
        support("elena ruiz", "PERSON", "kestrel seals", chunk_id=2),
    ]
    assert own_senses(supports, 1) == {"elena ruiz": ("PERSON", "quality")}
    assert own_senses(supports, 2) == {"elena ruiz": ("PERSON", "kestrel seals")}
    assert own_senses(supports, 3) == {}


def test_a_guessed_type_yields_to_what_most_documents_say_and_a_dictionary_does_not():
    known = Gazetteer(
        [GazetteerEntry(norm="kestrel", senses=(("", ""), ("ORG", "x"), ("ORG", "")), documents=9, heading_documents=0)]
    )
    guessed = own_senses([support("kestrel", "PERSON")], 1)
    stated = own_senses([support("kestrel", "PRODUCT", source=NameSource.DICTIONARY)], 1)
    assert choose_sense("kestrel", known, guessed) == ("ORG", "")
    assert choose_sense("kestrel", known, stated) == ("PRODUCT", "")


def test_a_name_of_stop_words_has_no_terms_to_search_by():
    assert may_contain("the who", "en") == sorted(analyse("who", "en"))
    assert may_contain("to be", "en") == sorted(analyse("be", "en")) == []


@settings(deadline=None, max_examples=3000)
@given(
    st.text(alphabet=st.sampled_from("aZé ñßİ'-_.5½™東京ーカ́हिन्दीйЙ\n"), max_size=30),
    st.sampled_from(["en", "es", "de", "und", "ja"]),
)
def test_a_text_that_holds_a_name_holds_its_terms(text: str, language: str):
    known = Gazetteer.of_norms(filter(is_nameable, candidates(text, 3)))
    for match in known.find(text, cased=False):
        assert set(may_contain(match.norm, language)) <= set(analyse(text, language))
