from __future__ import annotations

import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kgqa.embedded.home import Home
from kgqa.errors import ConfigurationError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


def test_a_port_is_remembered(home: Home):
    port = home.free_port("redis")
    assert Home(home.path).free_port("redis") == port == home.port("redis")


def test_a_port_that_was_taken_meanwhile_is_chosen_anew(home: Home):
    port = home.free_port("redis")
    with socket.create_server(("127.0.0.1", port)):
        other = home.free_port("redis")
    assert other != port
    assert home.port("redis") == other


def test_a_secret_is_random_kept_and_for_the_owner_alone(home: Home):
    secret = home.secret("neo4j")
    assert len(secret) >= 32
    assert Home(home.path).secret("neo4j") == secret != home.secret("redis")
    assert stat.S_IMODE((home.path / "secrets" / "neo4j").stat().st_mode) == 0o600
    assert stat.S_IMODE((home.path / "secrets").stat().st_mode) == 0o700


def test_all_who_ask_at_once_get_the_same_secret(home: Home):
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(home.secret, ["api"] * 200))) == 1


def test_a_home_that_is_a_file_is_refused_with_a_hint(tmp_path: Path):
    (tmp_path / "home").write_text("")
    with pytest.raises(ConfigurationError, match="KGQA_HOME"):
        Home(tmp_path / "home").make()
