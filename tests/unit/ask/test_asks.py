import pytest

from kgqa.ask.asks import asks


@pytest.mark.parametrize(
    ("text", "language", "types"),
    [
        ("Which supplier makes the part, and who signed off the change?", "en", ["ORG", "PERSON"]),
        ("Who makes the shaft seal?", "en", ["AGENT"]),
        ("Who leads the support desk?", "en", ["PERSON"]),
        ("In which city is the foundry?", "en", ["PLACE"]),
        ("Where is the foundry?", "en", ["PLACE"]),
        ("When was the change signed?", "en", ["DATE"]),
        ("In what year was the company founded?", "en", ["DATE"]),
        ("How many pumps can it control?", "en", ["NUMBER"]),
        ("What do we pay for the seal?", "en", ["NUMBER"]),
        ("Is the P200 still sold?", "en", ["YESNO"]),
        ("The pump that replaced the P200 is made by which company?", "en", ["ORG"]),
        ("¿Quién firmó la orden de cambio?", "es", ["PERSON"]),
        ("¿En qué ciudad está la fábrica?", "es", ["PLACE"]),
        ("¿Cuántos meses dura la garantía?", "es", ["NUMBER"]),
        ("¿Qué proveedor fabrica la pieza y quién firmó el cambio?", "es", ["ORG", "PERSON"]),
        ("Wer hat die Änderung unterschrieben?", "de", [""]),
        ("error E-417", "en", [""]),
    ],
)
def test_question_words_tell_the_type_of_each_answer(text, language, types):
    assert [ask.type for ask in asks(text, language)] == types


def test_asks_share_the_question_among_them():
    text = "Which supplier makes the part, and who signed off the change?"
    first, second = asks(text, "en")
    assert first.text + second.text == text
    assert second.text.startswith("who signed")


def test_focus_is_what_stands_behind_the_question_word():
    assert asks("What is the telephone extension of the plant manager?", "en")[0].focus == "telephone extension"
    assert asks("Which audit score did Moravec get?", "en")[0].focus == "audit score"
