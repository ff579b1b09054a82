from __future__ import annotations

from pathlib import Path

from kgqa.embedded.process import Account
from kgqa.embedded.unprivileged import is_reachable

STRANGER = Account(uid=54321, gid=54321, name="stranger")


def test_a_directory_is_reachable_only_when_every_directory_above_lets_pass(tmp_path: Path):
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    inner.parent.chmod(0o755)
    above = [place for place in tmp_path.parents if place != tmp_path]
    passable = all(place.stat().st_mode & 0o001 for place in (tmp_path, *above))
    assert is_reachable(inner, STRANGER) is passable
    inner.parent.chmod(0o700)
    assert not is_reachable(inner, STRANGER)


def test_the_root_directory_is_reachable():
    assert is_reachable(Path("/"), STRANGER)


def test_the_owner_needs_only_the_owners_right(tmp_path: Path):
    owner = Account(uid=tmp_path.stat().st_uid, gid=54321, name="owner")
    tmp_path.chmod(0o700)
    reachable_above = is_reachable(tmp_path.parent, owner)
    assert is_reachable(tmp_path, owner) is reachable_above
    tmp_path.chmod(0o077)
    try:
        assert not is_reachable(tmp_path, owner)
    finally:
        tmp_path.chmod(0o700)
