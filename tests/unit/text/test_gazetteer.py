import random
import time

from hypothesis import given
from hypothesis import strategies as st

from kgqa.text.gazetteer import Gazetteer, GazetteerEntry, Match, candidates
from kgqa.text.names import normalise

WORDS = ["Ab", "Cd", "Ef", "G7", "hi"]


def norms(gazetteer: Gazetteer, text: str, *, cased: bool = True) -> list[str]:
    return [match.norm for match in gazetteer.find(text, cased=cased)]


def test_the_longest_name_wins_and_what_it_covers_is_not_found_again():
    gazetteer = Gazetteer.of_norms(["kestrel", "kestrel seals", "seals ltd"])
    assert gazetteer.find("By Kestrel Seals Ltd.") == [Match("kestrel seals", 3, 16)]


def test_a_name_is_found_however_it_is_punctuated():
    gazetteer = Gazetteer.of_norms([normalise("HP-7731-04"), normalise("Tekezé")])
    text = "(hp-7731/04) in TEKEZE"
    assert [text[m.start : m.end] for m in gazetteer.find(text)] == ["hp-7731/04", "TEKEZE"]


def test_a_longer_number_is_another_identifier():
    assert norms(Gazetteer.of_norms(["e 417"]), "E-4171 and E-41 7") == []


def test_names_between_commas_are_found_inside_a_longer_name():
    gazetteer = Gazetteer.of_norms(["katsina state nigeria", "nigeria", "katsina", "state"])
    assert norms(gazetteer, "Katsina State, Nigeria") == ["katsina state nigeria", "nigeria"]


def test_lower_case_text_holds_no_cased_names_but_identifiers():
    gazetteer = Gazetteer.of_norms(["brother", "seal kit", "p350"])
    assert norms(gazetteer, "his brother changed the seal kit of the p350") == ["p350"]
    assert norms(gazetteer, "brother, seal kit", cased=False) == ["brother", "seal kit"]


def test_terms_of_the_domain_are_found_in_any_case():
    def entry(norm: str, type_: str) -> GazetteerEntry:
        return GazetteerEntry(norm=norm, senses=((type_, ""),), documents=1, heading_documents=0)

    gazetteer = Gazetteer([entry("shaft seal", "PART"), entry("impeller", "PART"), entry("seal kit", "PRODUCT")])
    assert norms(gazetteer, "shaft seal, Impeller, impeller, seal kit") == ["shaft seal", "impeller", "impeller"]


def test_stop_words_are_never_found_alone():
    assert norms(Gazetteer.of_norms(["the", "who", "x"]), "The Who X") == []


def test_unspaced_text_is_searched_by_character():
    assert norms(Gazetteer.of_norms(["東京", "大阪"]), "私は東京に住む。") == ["東京"]


def test_a_heading_over_more_than_three_documents_is_no_name():
    def heading(norm: str, documents: int, others: int = 0) -> GazetteerEntry:
        return GazetteerEntry(norm=norm, senses=(), documents=others, heading_documents=documents)

    gazetteer = Gazetteer([heading("overview", 4), heading("seal kit", 3), heading("p350", 9, 1)])
    assert norms(gazetteer, "Overview. Seal Kit. P350.") == ["seal kit", "p350"]


def test_candidates_hold_every_name_that_can_be_found():
    assert candidates("New York, 東京", 2) == {"new", "new york", "york", "york 東", "東", "東京", "京"}


def brute_force(names: set[str], text: str) -> list[str]:
    """Longest match by trying every run of words at every place; no name here is a stop word or has a comma."""
    words, found, i = text.split(), [], 0
    while i < len(words):
        for length in range(len(words) - i, 0, -1):
            surface = words[i : i + length]
            is_cased = any(c.isupper() or c.isdigit() for c in "".join(surface)) and surface != ["hi"]
            if " ".join(surface).lower() in names and is_cased:
                found.append(" ".join(surface).lower())
                i += length - 1
                break
        i += 1
    return found


@given(
    st.sets(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(lambda w: " ".join(w).lower()), max_size=8),
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
)
def test_find_equals_brute_force_longest_match(names: set[str], text: str):
    assert norms(Gazetteer.of_norms(names), text) == brute_force(names, text)


@given(st.lists(st.sampled_from([*WORDS, ",", "東", "京", "é"]), max_size=10).map(" ".join))
def test_every_match_is_a_candidate_at_its_place(text: str):
    gazetteer = Gazetteer.of_norms(candidates(text, 3))
    for match in gazetteer.find(text):
        assert normalise(text[match.start : match.end]) == match.norm


def test_many_names_are_found_at_more_than_a_thousand_texts_per_second():
    chance = random.Random(0)
    vocabulary = [f"W{i}" for i in range(5_000)]
    gazetteer = Gazetteer.of_norms(
        {" ".join(chance.choices(vocabulary, k=chance.randint(1, 3))).lower() for _ in range(30_000)}
    )
    texts = [" ".join(chance.choices(vocabulary, k=100)) for _ in range(300)]
    start = time.process_time()
    assert sum(len(gazetteer.find(text)) for text in texts) > 1_000
    assert time.process_time() - start < 0.3 * 5  # five times slower than needed still passes on a loaded machine
