import threading

import bm25s
import numpy as np
import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.text.names import normalise
from kgqa.text.terms import (
    AVERAGE_TERMS,
    DIMENSIONS,
    K1,
    TERM_MODULUS,
    B,
    analyse,
    chunk_terms,
    idf,
    stem,
    stop_words_of,
    tokens,
)

ENGLISH = [
    "The P350's seal-kit (HP-7731-04) was approved by Dr. O'Neil on 12 March 2024.",
    "Generalising about databases, the running relations were conditionally related; it isn't so.",
    "A pump is not a pump if there is no pump in it. Will these then be on their way?",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_tokens_and_stems_are_those_of_bm25s(text: str):
    expected = bm25s.tokenize(
        [text], stopwords="en", stemmer=Stemmer.Stemmer("english"), return_ids=False, show_progress=False
    )[0]
    ours = [stem(token, "en") for token in tokens(text) if token not in stop_words_of("en")]
    assert ours == list(expected)


def test_inflected_words_share_a_term():
    assert set(analyse("approved approves approving", "en")) == set(analyse("approve", "en"))
    assert set(analyse("aprobó aprobaron", "es")) == set(analyse("aprobar", "es"))


def test_words_of_two_languages_do_not_share_a_term():
    assert not set(analyse("pan", "en")) & set(analyse("pan", "es"))


def test_identifiers_match_across_languages():
    assert set(analyse("P350 7731-04", "en")) == set(analyse("p350 (7731-04)", "es"))
    assert set(analyse("P350", "en")) == set(analyse("p350", "und"))


def test_stop_words_leave_no_term():
    assert not analyse("it is not in the", "en")
    assert not analyse("de la que en los", "es")


def test_an_accent_is_not_needed_to_find_a_word():
    assert analyse("Tekezé", "en") == analyse("Tekeze", "en")
    assert analyse("válvula", "es") == analyse("valvula", "es")


def test_unspaced_scripts_give_pairs():
    assert tokens("東京都 2024") == ["東京", "京都", "2024"]


def test_marks_belong_to_their_letter():
    assert tokens("हिन्दी भाषा") == ["हिन्दी", "भाषा"]


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_text_has_the_terms_of_the_names_in_it(before: str, name: str, after: str):
    text = f"{before} {name} {after}"
    norm = normalise(name, strip_brackets=False)
    assert set(tokens(norm)) <= set(tokens(text))


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(["en", "es", "und", "zh"]))
def test_chunk_terms_are_sorted_distinct_and_in_range(text: str, language: str):
    found = chunk_terms(text, language)
    assert found.terms.dtype == np.int32
    assert found.weights.dtype == np.float32
    assert list(found.terms) == sorted(set(found.terms.tolist()))
    assert all(0 <= term < TERM_MODULUS < DIMENSIONS for term in found.terms.tolist())
    assert all(0 < weight < 1 for weight in found.weights.tolist())


def test_weights_follow_the_formula():
    found = chunk_terms("seal seal pump", "en")
    frequencies = {next(iter(analyse("seal", "en"))): 2, next(iter(analyse("pump", "en"))): 1}
    for term, weight in zip(found.terms.tolist(), found.weights.tolist(), strict=True):
        frequency = frequencies[term]
        assert weight == pytest.approx(frequency / (frequency + K1 * (1 - B + B * 3 / AVERAGE_TERMS)))


def test_idf_falls_with_frequency_and_is_never_negative():
    values = [idf(df, 100) for df in (1, 10, 50, 100, 120)]
    assert values == sorted(values, reverse=True)
    assert values[-1] >= 0
    assert idf(1, 100) == pytest.approx(np.log(1 + 99.5 / 1.5))


def test_threads_agree():
    words = [f"generalisation{'s' * (n % 2)} approving w{n}" for n in range(200)]
    expected = [analyse(word, "en") for word in words]
    found: list[bool] = []

    def check() -> None:
        found.append([analyse(word, "en") for word in words] == expected)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
