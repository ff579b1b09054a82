from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_a_cut_follows_a_final_mark_before_a_capital():
    text = "The pump stopped at noon yesterday. Was the seal dry at that time? It was dry, and it leaked."
    assert sentences(text) == [
        "The pump stopped at noon yesterday.",
        "Was the seal dry at that time?",
        "It was dry, and it leaked.",
    ]


def test_abbreviations_initials_and_numbers_do_not_end_a_sentence():
    text = (
        "Dr. J. Ruiz of Kestrel Seals Ltd. approved 4.5 mm of play. "
        "The drawing by St. John Works shows it, e.g. Fig. 3."
    )
    assert sentences(text) == [
        "Dr. J. Ruiz of Kestrel Seals Ltd. approved 4.5 mm of play.",
        "The drawing by St. John Works shows it, e.g. Fig. 3.",
    ]


def test_a_short_piece_joins_its_neighbour():
    assert sentences("It leaked again on Monday. Why? Nobody at the desk knows.") == [
        "It leaked again on Monday.",
        "Why? Nobody at the desk knows.",
    ]
    assert sentences("Nobody at the desk knows why. Odd.") == ["Nobody at the desk knows why. Odd."]


def test_spanish_questions_start_a_sentence():
    assert sentences("La bomba se detuvo el lunes por la tarde. ¿Quién aprobó el cambio de la junta?") == [
        "La bomba se detuvo el lunes por la tarde.",
        "¿Quién aprobó el cambio de la junta?",
    ]


def test_full_width_marks_need_no_space():
    text = (
        "このポンプは二〇二四年に古い型式の機械を置き換えたものである。"
        "新しい部品はノートライン社が製造して工場に届けている。"
    )
    assert len(sentences(text)) == 2


def test_a_line_is_never_joined_to_the_next():
    assert sentences("Symptoms\nThe lamp blinks\ntwice") == ["Symptoms", "The lamp blinks", "twice"]


def test_a_table_row_stays_whole():
    row = "Code: E-417; Cause: Water in the chamber. Seen twice. Ask Quality; Part: HP-7731-04"
    assert sentences(f"{row}\n{row}") == [row, row]


@settings(deadline=None)
@given(st.text(alphabet="aB. !?\n\t1。é'\")", max_size=200))
def test_spans_are_ordered_disjoint_trimmed_and_cover_everything_but_space(text: str):
    spans = sentence_spans(text)
    assert all(a < b and text[a:b] == text[a:b].strip() for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
