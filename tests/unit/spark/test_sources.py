"""Folders and access lists as sources."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kgqa.adapters.lakes.folder import FolderLake, local_path
from kgqa.errors import ConfigurationError, DependencyUnavailable, InvalidInput, KgqaError, NotFound
from kgqa.ingest.pipeline import IngestOptions
from kgqa.model.document import Outcome, RawDocument
from spark.jobs.list_sources import AccessList, raw_document, read_access
from spark.jobs.read_documents import read_source


def test_a_folder_lists_its_files_by_key_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.md", "a/c d.md", "_access.json", ".git/x", "a/_draft.md", "_old/y.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    files = list(FolderLake(path=tmp_path).files())
    assert [f.key for f in files] == ["b.md", "a/c d.md"]
    assert files[1].uri.endswith("/a/c%20d.md")


def test_a_name_that_is_no_text_still_makes_a_key(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")  # noqa: PTH118 - pathlib takes no bytes
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"text")
    (found,) = FolderLake(path=tmp_path).files()
    assert found.key == "caf\ufffd.txt"
    row = {"key": found.key, "uri": found.uri, "path": found.path, "line": None, "principals": ["public"]}
    assert raw_document("c", row).data == b"text"


def test_a_line_of_a_corpus_is_a_text_with_its_title() -> None:
    line = json.dumps({"_id": "7", "title": "Café", "text": "Öl"})
    raw = raw_document("c", {"key": "7", "uri": "u", "path": None, "line": line, "principals": ["group:x"]})
    assert (raw.data.decode(), raw.media_type, dict(raw.metadata)) == ("Öl", "text/plain", {"title": "Café"})
    assert raw.principals == ("group:x",)


def test_the_access_list_of_a_folder_is_found_and_sorted(tmp_path: Path) -> None:
    assert read_access(FolderLake(path=tmp_path), None) == AccessList()
    content = {"default": ["group:b", "group:a", "group:b"], "documents": {"x.md": ["user:ivy"]}}
    (tmp_path / "_access.json").write_text(json.dumps(content), encoding="utf-8")
    access = read_access(FolderLake(path=tmp_path), None)
    assert (access.of("y.md"), access.of("x.md")) == (("group:a", "group:b"), ("user:ivy",))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"default": []}', '{"documents": {"a": "public"}}', '{"default": [1]}']
)
def test_a_wrong_access_list_is_refused_before_anything_is_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "_access.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"_access\.json"):
        read_access(FolderLake(path=tmp_path), None)


def test_a_source_must_exist_and_be_reachable(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        local_path(str(tmp_path / "nowhere"))
    with pytest.raises(InvalidInput, match="s3"):
        local_path("s3://bucket/lake")


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    row = {"key": "a", "uri": "u", "path": b"/nowhere", "size": 11, "line": None, "principals": ["public"]}
    reading = read_source("c", row, IngestOptions(), partial(raw_document, most_bytes=10))
    assert (reading.outcome, "11 bytes" in reading.reason) == (Outcome.FAILED, True)


@pytest.mark.parametrize("problem", [DependencyUnavailable("away"), ConfigurationError("no key")])
def test_a_lake_that_is_away_is_no_reason_why_a_document_fails(problem: KgqaError) -> None:
    def to_raw(collection: str, row: Mapping[str, Any]) -> RawDocument:
        raise problem

    with pytest.raises(type(problem)):
        read_source("c", {"key": "a", "uri": "u", "principals": ["public"]}, IngestOptions(), to_raw)


def test_what_could_not_be_opened_is_tried_again_whatever_the_listing_says() -> None:
    row = {"key": "a", "uri": "u", "path": b"/nowhere", "size": 1, "line": None, "principals": ["public"]}
    reading = read_source("c", {**row, "listing_hash": b"seen"}, IngestOptions(), raw_document)
    assert (reading.outcome, reading.raw.listing_hash) == (Outcome.FAILED, b"")
