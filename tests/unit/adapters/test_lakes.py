"""Folders and object stores as lakes. Object stores are fsspec's in-memory one here; S3 has a server of its own."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from pydantic import SecretStr

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.adapters.lakes.objects import ObjectLake, open_objects
from kgqa.bootstrap import build_lake
from kgqa.errors import ConfigurationError, DependencyUnavailable, InvalidInput, KgqaError, NotFound
from kgqa.settings import LakeSettings, Settings

SECRET = "hunter2/hunter2"


class Broken(fsspec.AbstractFileSystem):
    """A store that fails as it is told to, with a text that nobody should see."""

    protocol = "memory"
    cachable = False
    problem: Exception = RuntimeError()
    denied: frozenset[str] = frozenset()

    def ls(self, path, detail=True, **kwargs):
        raise self.problem

    def info(self, path, **kwargs):
        if self.denied:
            return {"name": path, "size": 0, "type": "directory"}
        raise self.problem

    def cat_file(self, path, start=None, end=None, **kwargs):
        raise self.problem


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """fsspec's store in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Broken]]:
    monkeypatch.setattr(fsspec, "url_to_fs", lambda _uri, **_: (Broken(), "/lake"))
    yield Broken
    Broken.problem, Broken.denied = RuntimeError(), frozenset()


def test_a_prefix_lists_its_objects_by_key_without_hidden_ones(memory) -> None:
    for name in ("b.md", "a/c d.md", "_access.json", ".git/x", "a/_draft.md", "_old/y.md"):
        memory.pipe_file(f"/lake/{name}", name.encode())
    memory.pipe_file("/lake-of-others/z.md", b"z")
    lake = pickle.loads(pickle.dumps(ObjectLake(uri="memory://lake")))  # noqa: S301 - our own
    files = list(lake.files())
    assert [f.key for f in files] == ["a/c d.md", "b.md"]
    assert (files[0].uri, files[0].size) == ("memory://lake/a/c%20d.md", 8)
    assert lake.read(files[0].path) == b"a/c d.md"
    assert lake.beside("_access.json") == b"_access.json"
    assert lake.beside("nothing.json") is None


def test_a_prefix_with_nothing_is_not_an_empty_lake(memory) -> None:
    memory.pipe_file("/lake/a.md", b"a")
    for uri in ("memory://nowhere", "memory://lake/inside"):
        lake = ObjectLake(uri=uri)
        with pytest.raises(NotFound, match="nothing at"):
            list(lake.files())
        with pytest.raises(NotFound, match="nothing at"):
            lake.beside("_access.json")
    with pytest.raises(InvalidInput, match="is an object"):
        list(ObjectLake(uri="memory://lake/a.md").files())


def test_a_mark_changes_with_the_object_and_counts_only_when_it_can_be_relied_on(memory, monkeypatch) -> None:
    lake = ObjectLake(uri="memory://lake")
    memory.pipe_file("/lake/a.md", b"old")
    (fresh,) = lake.files()
    assert fresh.mark == "", "it may be written again in the same moment"
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    (before,) = lake.files()
    memory.pipe_file("/lake/a.md", b"new")
    (after,) = lake.files()
    assert before.mark
    assert before.mark != after.mark


def test_the_mark_of_a_local_file_changes_when_the_file_does(tmp_path: Path, monkeypatch) -> None:
    path, lake = tmp_path / "a.md", FolderLake(path=tmp_path)
    path.write_text("old")
    assert [f.mark for f in lake.files()] == [""]
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    (before,) = lake.files()
    time.sleep(0.02)
    path.write_text("new")
    os.utime(path, ns=(0, int(before.mark.split()[0])))
    (after,) = lake.files()
    assert (before.size, after.size) == (3, 3)
    assert before.mark != after.mark, "the time of a file can be set, the time of its change cannot"


@pytest.mark.parametrize(
    "source",
    [
        f"s3://AKIA:{SECRET}@bucket/lake", "s3://AKIA@bucket/lake", f"az://box/lake?sig={SECRET}",
        f"hdfs://user:{SECRET}@host/lake", f"s3://AKIA:{SECRET}",
    ],
)  # fmt: skip
def test_credentials_in_a_uri_are_refused_and_not_repeated(source: str) -> None:
    with pytest.raises(InvalidInput, match="credentials") as refused:
        open_objects(source, "")
    assert "hunter2" not in str(refused.value)
    assert "KGQA_LAKES__OPTIONS" in str(refused.value)


@pytest.mark.parametrize("source", ["s3://", "s3:///lake", "s3://bucket::file:///etc"])
def test_a_uri_names_a_bucket_and_nothing_else(source: str) -> None:
    with pytest.raises(InvalidInput, match=r"bucket|credentials"):
        open_objects(source, "")


def test_what_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for source in ("ftp://host/lake", "memory://lake", "simplecache::s3://bucket/lake"):
        with pytest.raises(InvalidInput, match="are not read") as unknown:
            build_lake(settings, source)
        assert "s3://" in str(unknown.value)
    with pytest.raises(ConfigurationError, match="not installed") as missing:
        build_lake(settings, "az://box/lake")
    assert "kgqa[azure]" in str(missing.value)
    with pytest.raises(NotFound):
        build_lake(settings, str(tmp_path / "nowhere"))
    assert build_lake(settings, str(tmp_path)) == FolderLake(path=tmp_path)


def test_options_are_taken_by_scheme_and_never_shown() -> None:
    text = f'{{"s3": {{"key": "AKIA", "secret": "{SECRET}"}}}}'
    lake = build_lake(Settings(lakes=LakeSettings(options=SecretStr(text))), "s3://bucket/lake/")
    assert isinstance(lake, ObjectLake)
    assert (lake.uri, lake.options["secret"]) == ("s3://bucket/lake", SECRET)
    assert "hunter2" not in repr(lake)
    for wrong in (f'{{"s3": "{SECRET}"', f'["{SECRET}"]', f'{{"s3": "{SECRET}"}}'):
        with pytest.raises(ConfigurationError, match="KGQA_LAKES__OPTIONS") as refused:
            open_objects("s3://bucket/lake", wrong)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("problem", "kind", "said"),
    [
        (PermissionError(SECRET), ConfigurationError, "credentials"),
        (FileNotFoundError(SECRET), NotFound, "nothing at"),
        (ValueError(SECRET), ConfigurationError, "endpoint"),
        (OSError(f"Unable to load libjvm {SECRET}"), ConfigurationError, "not installed"),
        (ConnectionError(SECRET), DependencyUnavailable, "does not answer"),
        (RuntimeError(SECRET), DependencyUnavailable, "RuntimeError"),
    ],
)
def test_what_goes_wrong_is_said_without_the_words_of_the_library(
    broken: type[Broken], problem: Exception, kind: type[KgqaError], said: str
) -> None:
    broken.problem = problem
    lake = ObjectLake(uri="hdfs://host/lake")
    for ask in (lambda: list(lake.files()), lambda: lake.beside("_access.json")):
        with pytest.raises(kind, match=said) as refused:
            ask()
        assert "hunter2" not in str(refused.value)
        assert refused.value.hint


def test_a_refused_object_is_one_document_unless_the_whole_lake_refuses(broken: type[Broken]) -> None:
    broken.problem = PermissionError(SECRET)
    lake = ObjectLake(uri="hdfs://host/lake")
    with pytest.raises(ConfigurationError, match="credentials"):
        lake.read(b"/lake/a.md")
    broken.denied = frozenset({"/lake/a.md"})
    with pytest.raises(PermissionError, match="refuses") as refused:
        lake.read(b"/lake/a.md")
    assert "hunter2" not in str(refused.value)
