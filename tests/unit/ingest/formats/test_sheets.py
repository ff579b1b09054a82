import io
from datetime import datetime

from openpyxl import Workbook

from kgqa.ingest.formats.grid import tables
from tests.unit.ingest.documents import read, shape


def saved_workbook(*sheets: tuple[str, list[list[object]]], hidden: str = "") -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if title == hidden:
            sheet.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_xlsx_gives_sheets_as_headings_and_rows_with_their_columns():
    rows = [["Part", "Supplier", "Stock", "Since"], ["PN-77", "Kestrel Seals", 12.0, datetime(2024, 3, 4)], ["PN-78"]]  # noqa: DTZ001
    data = saved_workbook(("Parts", rows), ("Old", [["PN-1"]]), hidden="Old")
    document = read(data, "parts.xlsx")
    assert shape(document) == [
        ("heading", "Parts", ("Parts",)),
        ("table", "Part: PN-77; Supplier: Kestrel Seals; Stock: 12; Since: 2024-03-04", ("Parts",)),
        ("table", "Part: PN-78", ("Parts",)),
    ]
    assert [b.row_key for b in document.blocks] == [None, "PN-77", "PN-78"]
    assert document.warnings == ("Hidden sheets were left out: Old.",)


def test_tables_on_a_sheet_are_parted_by_empty_rows_and_columns():
    rows = [["a", "b", "", "x", "y"], ["1", "2", "", "8", "9"], [], ["Note"], ["k", "", "5"], ["l", "", "6"]]
    assert [[list(row) for row in table] for table in tables(rows)] == [
        [["a", "b"], ["1", "2"]],
        [["x", "y"], ["8", "9"]],
        [["Note", "", ""], ["k", "", "5"], ["l", "", "6"]],
    ]


def test_a_line_above_a_table_is_its_caption():
    data = saved_workbook(("S", [["Ducks per year"], ["Year", "Ducks"], [2019, 120]]))
    assert shape(read(data, "d.xlsx"))[1:] == [
        ("paragraph", "Ducks per year", ("S",)),
        ("table", "Year: 2019; Ducks: 120", ("S",)),
    ]
