import pytest

from kgqa.text.language import UNKNOWN, detect, detect_chunk

ENGLISH = "The bearing had run dry, and the coupling was worn on one side. "
SPANISH = "El cojinete había girado en seco y el acoplamiento estaba gastado por un lado. "


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which supplier makes the seal kit of the P350?", "en"),
        ("Who signed off the change of the impeller?", "en"),
        ("What does error E-417 mean on the P200?", "en"),
        ("¿Quién aprobó el cambio del cojinete?", "es"),
        ("¿Qué proveedor fabrica la pieza HP-7731-04?", "es"),
        ("Wer hat die Änderung der Pumpe freigegeben?", "de"),
        ("この部品はどの会社が製造していますか", "ja"),
    ],
)
def test_short_questions_are_recognised(text: str, language: str):
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "   ", "4711 / 12-3", "E-417", "HP-7731-04", "Seal kit"])
def test_what_says_too_little_has_no_language(text: str):
    assert detect(text) == UNKNOWN


def test_a_table_of_names_and_numbers_has_the_language_of_its_columns():
    row = "Part number: HP-7731-04; Warehouse: Gothenburg; Bin: B-14-4; Minimum stock: 120\n"
    assert detect(row * 6) == "en"


def test_a_chunk_leaves_its_document_only_when_long_and_certain():
    assert detect_chunk("El cojinete giraba en seco.", "en") == "en"
    assert detect_chunk(SPANISH, "en") == "es"
    assert detect_chunk(ENGLISH * 4, "en") == "en"
    assert detect_chunk("4711 12 " * 50, "es") == "es"


def test_a_chunk_of_an_unspaced_script_says_enough_in_fewer_characters():
    assert detect_chunk("この部品はどの会社が製造していますか", "en") == "ja"
    assert detect_chunk("部品", "en") == "en"


def test_names_and_numbers_alone_do_not_leave_their_document():
    assert detect_chunk("Anna Johansson; Marisca Hogervorst; Gothenburg; B-14-4; 120", "en") == "en"
