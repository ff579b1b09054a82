import pytest

from tests.unit.ingest.documents import read, shape

JATS = """<article><front><journal-meta><issn>1234</issn></journal-meta><article-meta><title-group>
<article-title>Seals of pumps</article-title></title-group><contrib-group><contrib><name><surname>Ruiz</surname>
<given-names>Ana</given-names></name></contrib></contrib-group><abstract><p>We test seals.</p></abstract></article-meta>
</front><body><sec><title>Methods</title><p>We used <italic>ten</italic> pumps.</p><list><list-item><p>P200</p>
</list-item></list><sec><title>Parts</title><table-wrap><table><thead><tr><th>Part</th><th>Maker</th></tr></thead>
<tbody><tr><td>PN-77</td><td>Kestrel</td></tr></tbody></table></table-wrap></sec></sec></body></article>"""


def test_an_article_gives_titles_paragraphs_lists_and_tables():
    document = read(JATS, "a.xml")
    assert [(kind, text) for kind, text, _ in shape(document)] == [
        ("heading", "Seals of pumps"),
        ("paragraph", "Ruiz Ana"),
        ("paragraph", "We test seals."),
        ("heading", "Methods"),
        ("paragraph", "We used ten pumps."),
        ("list", "P200"),
        ("heading", "Parts"),
        ("table", "Part: PN-77; Maker: Kestrel"),
    ]
    assert document.title == "Seals of pumps"
    assert shape(document)[-1][2][-2:] == ("Methods", "Parts")


def test_dita_gives_its_steps():
    topic = "<task><title>Change the seal</title><steps><step><cmd>Close V3.</cmd></step></steps></task>"
    assert read(topic, "a.dita").text == "Change the seal\n\nClose V3."


def test_records_are_rows_of_their_fields():
    data = (
        '<parts><part no="77"><name>Seal</name><stock>3</stock></part><part no="78"><name>Board</name></part></parts>'
    )
    document = read(data, "parts.xml")
    assert document.text == "no: 77; name: Seal; stock: 3\nno: 78; name: Board"
    assert [b.row_key for b in document.blocks] == ["77", "78"]


@pytest.mark.parametrize("data", ["<a><b></a>", '<?xml version="1.0"?><a>'])
def test_what_is_not_well_formed_is_refused(data: str):
    with pytest.raises(Exception, match="not well-formed"):
        read(data, "a.xml")
