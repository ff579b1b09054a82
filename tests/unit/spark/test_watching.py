"""What two listings of a folder say: which files are new, changed, gone, or still being written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.adapters.postgres.event_log import WatchedFile
from spark.jobs.list_sources import AccessList
from spark.jobs.stream_folder import difference, scan

FILE = WatchedFile(key="a.md", path=b"/lake/a.md", size=3, modified_ns=7, principals=("public",))


def test_a_listing_holds_the_files_that_a_batch_ingest_would_read(tmp_path: Path) -> None:
    for name in ("a.md", "sub/b.md", "sub/_draft.md", ".git/c.md", "_access.json", "sub/deep/d.txt", "naïve.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nothing")
    access = AccessList(documents={"a.md": ("group:a",)})
    found = scan(tmp_path, access)
    listed = {f.key: f.path for f in FolderLake(path=tmp_path).files() if f.key != "dangling.md"}
    assert {key: file.path for key, file in found.items()} == listed
    assert (found["a.md"].size, found["a.md"].principals, found["sub/b.md"].principals) == (
        4,
        ("group:a",),
        ("public",),
    )


def test_a_new_file_counts_when_it_was_seen_alike_twice() -> None:
    now = {"a.md": FILE}
    assert difference(now, None, {}).waiting == 1
    assert difference(now, {"a.md": replace(FILE, size=2)}, {}).waiting == 1
    assert difference(now, {"a.md": FILE}, {}).changed == [FILE]


def test_a_file_counts_as_gone_when_it_was_missed_twice() -> None:
    known = {"a.md": FILE}
    for before in (None, {"a.md": FILE}):
        found = difference({}, before, known)
        assert (found.gone, found.waiting) == ([], 1)
    assert difference({}, {}, known).gone == ["a.md"]


def test_other_readers_are_a_change_at_once() -> None:
    other = replace(FILE, principals=("group:a",))
    assert difference({"a.md": other}, None, {"a.md": FILE}).changed == [other]


_SIZES = st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 1), st.integers(0, 1)))


@given(st.lists(_SIZES, min_size=1, max_size=8))
def test_a_folder_that_stays_as_it_is_is_known_after_two_listings(sizes: list[dict[str, tuple[int, int]]]) -> None:
    listings = [
        {key: replace(FILE, key=key, size=size, modified_ns=time) for key, (size, time) in listing.items()}
        for listing in sizes
    ]
    known: dict[str, WatchedFile] = {}
    before = None
    for now in [*listings, listings[-1]]:
        found = difference(now, before, known)
        known |= {file.key: file for file in found.changed}
        for key in found.gone:
            del known[key]
        before = now
    assert known == listings[-1]
