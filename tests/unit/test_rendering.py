import pytest

from kgqa.rendering import place


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
