from io import StringIO

import pytest
from rich.console import Console

from kgqa.rendering import index_bars, place


@pytest.mark.parametrize(
    ("headings", "page", "seconds", "shown"),
    [
        ((), None, None, ""),
        (("Maintenance", "Seals"), 3, None, "page 3, Maintenance > Seals"),
        ([], None, [65.2, 92.9], "00:01:05-00:01:32"),
        (("Talk",), None, (5.0, 5.5), "00:00:05, Talk"),
    ],
)
def test_a_place_is_page_time_and_headings(headings, page, seconds, shown: str):
    assert place(headings, page, seconds) == shown


def test_a_bar_for_each_vector_index_and_nothing_without_one() -> None:
    shown = StringIO()
    console = Console(file=shown, width=100)
    with index_bars(console) as watcher:
        pass
    assert shown.getvalue() == ""
    with index_bars(console) as watcher:
        watcher("chunk_index_g1_hnsw", 0.0)
        watcher("chunk_index_g1_hnsw", 1.0)
        watcher("sentence_g1_hnsw", 0.4)
    first, second = shown.getvalue().splitlines()
    assert "chunk_index_g1_hnsw" in first
    assert "100%" in first
    assert "sentence_g1_hnsw" in second
    assert "40%" in second
