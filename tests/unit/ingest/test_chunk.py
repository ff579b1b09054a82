from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ingest.chunk import ChunkOptions, approximate_tokens, chunk
from kgqa.ingest.parse import parse
from kgqa.model.document import Block, Chunk, Document, RawDocument

SMALL = ChunkOptions(target_tokens=40, max_tokens=60, tiny_tokens=8, record_tokens=10)


def document(text: str, key: str = "notes.md") -> Document:
    return parse(RawDocument(collection="c", key=key, uri="", data=text.encode(), metadata={"title": "T"}))


def sentence(number: int) -> str:
    return f"Pump {number} in hall {number * 7 % 31} was checked by team {number * 13 % 17} and found sound."


def prose(count: int, start: int = 0, per_paragraph: int = 4) -> str:
    sentences = [sentence(n) for n in range(start, start + count)]
    groups = (sentences[n : n + per_paragraph] for n in range(0, count, per_paragraph))
    return "\n\n".join(" ".join(group) for group in groups)


def check(doc: Document, chunks: tuple[Chunk, ...]) -> None:
    """What holds for every document: exact, ordered, disjoint, complete, sentences inside."""
    assert [c.ordinal for c in chunks] == list(range(len(chunks)))
    assert all(c.text == doc.text[c.start : c.end] == c.text.strip() != "" for c in chunks)
    assert all(left.end <= right.start for left, right in pairwise(chunks))
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(doc.text.split())
    assert len({c.id for c in chunks}) == len(chunks)
    for c in chunks:
        pieces = ["".join(c.text[s.start : s.end].split()) for s in c.sentences]
        assert "".join(pieces) == "".join(c.text.split())


BLOCKS = st.one_of(
    st.builds(lambda level, n: f"{'#' * level} Part {n}", st.integers(1, 4), st.integers(0, 5)),
    st.builds(lambda n, k: " ".join(sentence(n + i) for i in range(k)), st.integers(0, 50), st.integers(1, 9)),
    st.builds(lambda n: "\n".join(f"- item {n + i} of the list" for i in range(n % 6 + 1)), st.integers(0, 30)),
    st.builds(lambda n: "|a|b|\n|-|-|\n" + "\n".join(f"|k{i}|value {i}|" for i in range(n)), st.integers(1, 25)),
    st.builds(lambda n: "x" * n, st.integers(1, 900)),
    st.text(alphabet="aB .!?é。1", max_size=60),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(BLOCKS, min_size=1, max_size=14), st.sampled_from([SMALL, ChunkOptions()]))
def test_chunks_are_exact_ordered_disjoint_complete_and_not_too_long(blocks: list[str], options: ChunkOptions):
    doc = document("# Start\n\n" + "\n\n".join(blocks))
    chunks = chunk(doc, options)
    check(doc, chunks)
    # Tokens of the pieces are rounded up, so the whole never counts more than their sum.
    assert all(approximate_tokens(c.text) <= options.max_tokens for c in chunks)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_an_edit_at_the_top_changes_only_chunks_near_it(start: int, per_paragraph: int):
    before = document(prose(120, start, per_paragraph))
    after = document("One more remark was put at the very top of it. " + prose(120, start, per_paragraph))
    old, new = chunk(before), chunk(after)
    assert len(old) >= 5
    kept = {c.id for c in old} & {c.id for c in new}
    # The seams within half a target of the edit may move: the chunk that it is in, and the next two at most.
    assert {c.id for c in old[3:]} <= kept
    assert new[0].id not in kept


def test_an_edit_in_one_section_leaves_the_others():
    sections = [f"# S{n}\n\n{prose(30, n * 100)}" for n in range(4)]
    old = chunk(document("\n\n".join(sections)))
    sections[1] = sections[1].replace("found sound", "found leaking", 1)
    new = chunk(document("\n\n".join(sections)))
    changed = {c.heading_path for c in new if c.id not in {o.id for o in old}}
    assert changed == {("S1",)}


def test_a_passage_up_to_the_maximum_stays_whole():
    text = prose(24, per_paragraph=3)
    assert 300 < approximate_tokens(text) <= 400
    (only,) = chunk(document(text))
    assert only.text == document(text).text


def test_a_long_section_is_cut_between_paragraphs():
    doc = document(prose(80, per_paragraph=5))
    starts = {block.start for block in doc.blocks}
    chunks = chunk(doc)
    assert len(chunks) > 3
    assert all(c.start in starts for c in chunks)
    assert sum(approximate_tokens(c.text) for c in chunks) / len(chunks) > 150


def test_a_chunk_stays_inside_its_heading():
    doc = document("# Pump\n\n" + prose(4) + "\n\n## Seal\n\n" + prose(4, 50) + "\n\n## Motor\n\n" + prose(4, 90))
    assert [c.heading_path for c in chunk(doc)] == [("Pump",), ("Pump", "Seal"), ("Pump", "Motor")]


def test_tiny_sections_are_joined_under_what_they_share():
    doc = document("# Data\n\n" + prose(5) + "\n\n## Weight\n\n12 kg\n\n## Flow\n\n30 l\n\n## Head\n\n" + prose(4, 9))
    paths = [c.heading_path for c in chunk(doc)]
    assert paths == [("Data",), ("Data",), ("Data", "Head")]


def test_a_heading_with_nothing_under_it_goes_with_what_follows():
    doc = document("# Manual\n\n## Safety\n\n" + prose(5))
    (only,) = chunk(doc)
    assert only.text.startswith("Manual\n\nSafety\n\nPump 0")
    assert only.heading_path == ("Manual", "Safety")


def test_a_heading_is_not_the_end_of_a_chunk():
    headings = "\n\n".join(f"{'#' * n} {sentence(n)} {sentence(n + 5)}" for n in (1, 2, 3))
    doc = document(f"{headings}\n\n{prose(9, per_paragraph=1)}")
    ends = {block.end for block in doc.blocks if block.kind == "heading"}
    chunks = chunk(doc, ChunkOptions(target_tokens=40, max_tokens=120))
    assert len(chunks) > 1
    assert not ends & {c.end for c in chunks}


def test_equal_texts_get_different_ids_that_do_not_depend_on_other_texts():
    same = prose(3)
    doc = document(f"# A\n\n{same}\n\n# B\n\n{prose(3, 40)}\n\n# A\n\n{same}")
    chunks = chunk(doc)
    assert chunks[0].text == chunks[2].text
    without_middle = chunk(document(f"# A\n\n{same}\n\n# X\n\n{prose(3, 70)}\n\n# A\n\n{same}"))
    assert [chunks[0].id, chunks[2].id] == [without_middle[0].id, without_middle[2].id]
    assert len({c.id for c in chunks}) == 3
    assert chunk(replace(doc, key="other.md"))[0].id != chunks[0].id


ROW = (
    "{n},Kestrel Seals Ltd in the northern town of Halden,shaft seal cartridge with a double lip and a steel spring {n}"
)


def test_a_record_that_says_enough_is_its_own_chunk():
    rows = "\n".join(ROW.format(n=f"PN-{n}") for n in range(5))
    chunks = chunk(document(f"Part,Supplier,Description\n{rows}\n", "parts.csv"))
    assert [c.row_key for c in chunks] == [f"PN-{n}" for n in range(5)]
    assert chunks[0].text.startswith("Part: PN-0; Supplier: Kestrel Seals Ltd")


def test_short_records_are_grouped_whole_and_have_no_key_of_their_own():
    rows = "\n".join(f"PN-{n},{n * 3} pieces" for n in range(200))
    doc = document(f"Part,Stock\n{rows}\n", "stock.csv")
    chunks = chunk(doc)
    ends = {block.end for block in doc.blocks}
    assert 4 < len(chunks) < 30
    assert all(c.row_key is None and c.end in ends for c in chunks)


def test_the_rows_of_a_table_are_not_cut():
    rows = "\n".join(f"|PN-{n}|{sentence(n)} {sentence(n + 1)}|" for n in range(30))
    doc = document(f"# Parts\n\n{prose(2)}\n\n|Part|Note|\n|-|-|\n{rows}\n")
    ends = {block.end for block in doc.blocks}
    chunks = chunk(doc)
    assert len(chunks) > 3
    assert all(c.end in ends for c in chunks)


def test_a_record_longer_than_the_maximum_is_cut_and_keeps_its_key():
    doc = document('[{"id": "T-1", "text": "' + prose(60, per_paragraph=60) + '"}, {"id": "T-2"}]', "t.json")
    chunks = chunk(doc)
    assert len(chunks) > 3
    assert [c.row_key for c in chunks] == ["T-1"] * (len(chunks) - 1) + ["T-2"]
    check(doc, chunks)


def test_the_token_counter_decides():
    doc = document(prose(10))
    assert len(chunk(doc, count_tokens=lambda text: 10 * approximate_tokens(text))) > len(chunk(doc)) == 1


def test_a_document_without_blocks_or_text_is_read_too():
    empty = replace(document("text"), text="", blocks=())
    assert chunk(empty) == ()
    plain = replace(empty, text=" One line. ")
    assert [c.text for c in chunk(plain)] == ["One line."]


def test_a_chunk_has_the_page_of_its_first_character():
    text = "one\n\ntwo"
    blocks = (Block(start=0, end=3, kind="paragraph", page=4), Block(start=5, end=8, kind="paragraph", page=5))
    (only,) = chunk(replace(document("x"), text=text, blocks=blocks))
    assert only.page == 4


def test_a_chunk_has_the_time_from_its_first_to_its_last_paragraph():
    blocks = tuple(
        Block(start=start, end=start + 3, kind="paragraph", seconds=seconds)
        for start, seconds in ((0, (1.5, 4.0)), (5, None), (10, (9.0, 65.2)))
    )
    (only,) = chunk(replace(document("x"), text="one\n\ntwo\n\nsix", blocks=blocks))
    assert only.seconds == (1.5, 65.2)
    assert chunk(document("no recording"))[0].seconds is None


@pytest.mark.parametrize(
    ("text", "low", "high"), [("", 0, 0), ("seal kit", 2, 4), ("x" * 800, 100, 200), ("東京都", 3, 5)]
)
def test_tokens_are_counted_roughly(text: str, low: int, high: int):
    assert low <= approximate_tokens(text) <= high
