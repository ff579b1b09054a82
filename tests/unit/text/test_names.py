from hypothesis import given
from hypothesis import strategies as st

from kgqa.text.names import is_nameable, joined, normalise, pieces, title_names, tokens


def test_one_name_written_in_many_ways_has_one_normal_form():
    for name in ("the Tekezé  River", "TEKEZE-RIVER", "“Tekezé River”", "Tekeze River's", "Tekeze_River"):
        assert normalise(name) == "tekeze river"


def test_a_final_bracket_is_dropped_unless_asked_for():
    assert normalise("Brother (Pearl Jam song)") == "brother"
    assert normalise("Brother (Pearl Jam song)", strip_brackets=False) == "brother pearl jam song"
    assert normalise("(unknown)") == "unknown"


def test_marks_are_dropped_after_latin_letters_only():
    assert normalise("Muñoz") == "munoz"
    assert normalise("Андрей") == "андрей"
    assert normalise("が") == "が"
    assert normalise("हिन्दी") == "हिन्दी"


def test_scripts_without_capitals_survive():
    assert normalise("東京") == "東京"
    assert normalise("Москва") == "москва"


def test_an_article_letter_before_a_number_is_part_of_an_identifier():
    assert normalise("A-17") == "a 17"
    assert normalise("A Farewell to Arms") == "farewell to arms"


def test_unspaced_scripts_give_one_token_per_character_and_join_again():
    assert [token.norm for token in tokens("東京 Tower")] == ["東", "京", "tower"]
    assert joined(tokens("東京 Tower")) == "東京 tower"


def test_symbols_are_no_part_of_names_and_fractions_are_two_numbers():
    assert normalise("AquaFlow™ ½") == "aquaflow 1 2"


def test_stop_words_and_single_characters_are_no_names():
    assert not any(map(is_nameable, ("", "x", "the", "los")))
    assert is_nameable("p2")


def test_pieces_are_the_parts_between_commas():
    assert pieces("Katsina State, Nigeria") == ("katsina state", "nigeria")
    assert pieces("Paris, 12, TX") == ("paris",)
    assert pieces("Nigeria") == ()


def test_a_title_names_itself_its_bracketed_form_and_its_first_part():
    assert title_names("West Chicago, Illinois") == ("west chicago illinois", "west chicago")
    assert title_names("Elena Ruiz (Quality)") == ("elena ruiz", "elena ruiz quality")
    assert title_names("The") == ()


@given(st.text())
def test_normalise_is_idempotent(name: str):
    for strip in (True, False):
        norm = normalise(name, strip_brackets=strip)
        assert normalise(norm, strip_brackets=strip) == norm
        assert joined(tokens(norm)) == norm


@given(st.text())
def test_tokens_are_ordered_spans_of_the_text(text: str):
    previous = 0
    for token in tokens(text):
        assert token.norm
        assert token.start >= previous or text[token.start : token.end]  # several words of one character share a span
        assert token.start < token.end <= len(text)
        previous = token.start
