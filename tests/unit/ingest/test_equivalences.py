import pytest

from kgqa.ingest.equivalences import abbreviates, capitalised, equivalences


def pairs(text: str, *, companies: bool = False) -> set[tuple[str, str]]:
    spans = capitalised(text) if companies else []
    found = equivalences(text, [], [(0, len(text))], spans)
    return {(text[a:b], text[c:d]) for (a, b), (c, d) in found}


def test_runs_of_capitalised_words_are_names_with_small_words_and_legal_forms_inside():
    text = "The Bank of England and moravec met Moravec Bearings a.s. in Brno. Later, Kestrel Seals Ltd. too"
    assert [text[a:b] for a, b in capitalised(text)] == [
        "The Bank of England", "Moravec Bearings a.s.", "Brno", "Later", "Kestrel Seals Ltd",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Northline Castings GmbH (NLC) pours.", {("Northline Castings GmbH", "NLC")}),
        (
            "Kestrel Seals Ltd (Kestrel Seals, in older tables KSL) makes seals.",
            {("Kestrel Seals Ltd", "Kestrel Seals"), ("Kestrel Seals Ltd", "KSL"), ("Kestrel Seals", "KSL")},
        ),
        (
            "Northline Castings GmbH, in our papers Northline and in the parts list NLC, casts iron.",
            {("Northline Castings GmbH", "Northline"), ("Northline Castings GmbH", "NLC")},
        ),
        ("Istanbul, formerly Constantinople, lies there.", {("Istanbul", "Constantinople")}),
        ("Istanbul (formerly Constantinople)", {("Istanbul", "Constantinople")}),
        ("Elena Ruiz, also known as Nena Ruiz, left.", {("Elena Ruiz", "Nena Ruiz")}),
        ("Bodegas Alarte, también conocida como Alarte Vinos, cerró.", {("Bodegas Alarte", "Alarte Vinos")}),
        (
            "Vantor Antennas Oy is listed as VTA. Vantor too.",
            {("Vantor Antennas Oy", "VTA"), ("Vantor Antennas Oy", "Vantor")},
        ),
        ("KSL (Kestrel Seals Ltd)", {("KSL", "Kestrel Seals Ltd")}),
        # no statement of sameness
        ("Elena Ruiz (Quality) left.", set()),
        ("Kestrel Seals (Sheffield) left.", set()),
        ("New York City, New York", set()),
        ("Ask Elena Ruiz, Omar Haddad or ER.", set()),
        ("Northline Castings left. NLC stayed.", set()),
        ("Kestrel Seals Ltd and Kestrel Gateways Ltd met. Kestrel won.", set()),
    ],
)
def test_what_a_text_says_to_be_one_thing(text: str, expected: set[tuple[str, str]]):
    assert pairs(text) == expected


def test_a_sentence_ends_the_reach_of_a_name():
    text = "By Northline Castings, today. So, NLC it is."
    end = text.index("So")
    assert equivalences(text, [], [(0, end), (end, len(text))], []) == []


def test_the_beginning_of_a_company_name_is_its_short_form():
    assert pairs("Kestrel Seals (Kestrel) left.", companies=True) == {("Kestrel Seals", "Kestrel")}


def test_an_abbreviation_starts_where_the_name_starts():
    assert abbreviates("UN", "United Nations")
    assert not abbreviates("NA", "United Nations")
    assert not abbreviates("UNX", "United Nations")
