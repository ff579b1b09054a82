import pytest

from tests.unit.ingest.documents import CSV, read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_name_their_columns_whatever_the_delimiter(delimiter: str):
    document = read(CSV.replace(",", delimiter), "spare-parts.csv")
    assert document.text == "Part: PN-77; Supplier: Kestrel Seals; Stock: 12\nPart: PN-78; Stock: 3"
    assert [b.row_key for b in document.blocks] == ["PN-77", "PN-78"]
    assert document.title == "spare parts"


def test_a_table_without_column_names_loses_no_row():
    assert read("PN-77,12\nPN-78,3\n", "a.csv").text == "PN-77: 12\nPN-78: 3"
