from __future__ import annotations

from pathlib import Path

import pytest

from kgqa.embedded import java
from kgqa.embedded.java import java_home, release_of


def java_of(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return folder


def test_the_users_java_is_used_when_it_is_17(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = java_of(tmp_path / "own", "17.0.9")
    monkeypatch.setattr(java, "java_home_of_user", lambda: str(own))
    assert java_home() == own


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2", "21.0.1", "170"])
def test_another_java_of_the_user_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str):
    own = java_of(tmp_path / "own", version)
    monkeypatch.setattr(java, "java_home_of_user", lambda: str(own))
    assert java_home() != own
    assert release_of(java_home()) == 17


def test_a_directory_without_java_has_no_release(tmp_path: Path):
    assert release_of(tmp_path) is None
