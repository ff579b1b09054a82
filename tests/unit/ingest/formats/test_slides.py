import io

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.unit.ingest.documents import read, shape


def make_pptx() -> bytes:
    file = Presentation()
    file.core_properties.author = "Ana Ruiz"
    first = file.slides.add_slide(file.slide_layouts[1])
    first.shapes.title.text = "Pump P350"
    first.placeholders[1].text = "The pump replaces the P200."
    first.notes_slide.notes_text_frame.text = "Say that it is quiet."
    second = file.slides.add_slide(file.slide_layouts[5])
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate((("Part", "Supplier"), ("PN-77", "Kestrel Seals"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    numbers = CategoryChartData()
    numbers.categories = ["2023", "2024"]
    numbers.add_series("Sold", (12, 30))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), numbers)
    second.shapes.title.text = "Parts"
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def test_pptx_gives_titles_text_notes_tables_and_charts_by_slide():
    document = read(make_pptx(), "pump.pptx")
    assert shape(document) == [
        ("heading", "Pump P350", ("Pump P350",)),
        ("paragraph", "The pump replaces the P200.", ("Pump P350",)),
        ("paragraph", "Say that it is quiet.", ("Pump P350",)),
        ("heading", "Parts", ("Parts",)),
        ("table", "Part: PN-77; Supplier: Kestrel Seals", ("Parts",)),
        ("table", "2023; Sold: 12", ("Parts",)),
        ("table", "2024; Sold: 30", ("Parts",)),
    ]
    assert [b.page for b in document.blocks] == [1, 1, 1, 2, 2, 2, 2]
    assert document.metadata["author"] == "Ana Ruiz"
