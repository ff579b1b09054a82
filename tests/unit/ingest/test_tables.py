from kgqa.ingest.tables import column_names, row_claims

ROWS = """Part number: HP-7731-04; Description: Shaft seal; Supplier: KSL; Price: 12.50; Lead time: 6 weeks
Part number: HP-2210-11; Supplier: Moravec; Note: superseded by HP-7731-04
Change order: CO-2041; Signed off by: Elena Ruiz; Status: Closed
Kit: KIT-350; For: P350; Contents: HP-7731-04, two O-rings, Vent Plug"""


def test_rows_claim_names_under_their_key_and_column():
    assert [(c.key, c.column, c.cell.surface, c.cell.type) for c in row_claims(ROWS)] == [
        ("HP-7731-04", "supplier", "KSL", "ORG"),
        ("HP-2210-11", "supplier", "Moravec", "ORG"),
        ("CO-2041", "signed off by", "Elena Ruiz", "PERSON"),
        ("KIT-350", "for", "P350", ""),
        ("KIT-350", "contents", "HP-7731-04", ""),
        ("KIT-350", "contents", "Vent Plug", ""),
    ]


def test_offsets_point_at_the_cell_and_its_row():
    for claim in row_claims(ROWS):
        assert ROWS[claim.cell.start : claim.cell.end] == claim.cell.surface
        assert ROWS[claim.start : claim.end] in ROWS.split("\n")
        assert claim.start <= claim.cell.start < claim.cell.end <= claim.end


def test_prose_with_a_colon_is_no_row():
    assert list(row_claims("Note: Kestrel Seals; they are closed.")) == []
    assert list(row_claims("He said: Yes")) == []


def test_the_contact_of_a_company_is_told_from_others_of_the_name():
    row = "Company: Moravec Bearings a.s.; Contact: Elena Ruiz; Agent: Omar Haddad; Since: 30 June 2023"
    assert [(c.key, c.cell.surface, c.cell.signature) for c in row_claims(row)] == [
        ("Moravec Bearings a.s.", "Elena Ruiz", "moravec bearings a s"),
        ("Moravec Bearings a.s.", "Omar Haddad", ""),
    ]


def test_column_names_are_where_no_name_stands():
    row = "Part: HP-7731-04; Signed off by: Elena Ruiz"
    assert [row[start:end] for start, end in column_names(row)] == [
        "Part",
        "Signed off by",
    ]
