from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from kgqa.embedded import jars
from kgqa.embedded.jars import Jar, locked_jars, missing_jars, repository_url

MAVEN_SETTINGS = """
<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors>
  <mirror><id>snapshots</id><mirrorOf>snapshots</mirrorOf><url>https://snapshots.example/</url></mirror>
  <mirror><id>all</id><mirrorOf>{of}</mirrorOf><url>https://mirror.example/maven/</url></mirror>
</mirrors></settings>
"""


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / ".m2").mkdir()
    return tmp_path


@pytest.mark.parametrize("engine", ["neo4j", "spark"])
def test_locks_name_coordinates_hashes_and_sizes_but_no_host(engine: jars.Engine):
    locked = locked_jars(engine)
    assert len({jar.coordinate for jar in locked}) == len(locked) > 30
    assert all(re.fullmatch(r"[\w.-]+(:[\w.-]+){2,3}", jar.coordinate) for jar in locked)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size > 0 for jar in locked)
    assert [jar.coordinate for jar in locked] == sorted(jar.coordinate for jar in locked)


def test_locks_hold_the_versions_that_were_verified():
    neo4j = {jar.coordinate for jar in locked_jars("neo4j")}
    spark = {jar.coordinate for jar in locked_jars("spark")}
    assert {"org.neo4j.app:neo4j-server:5.26.30", "org.neo4j.client:neo4j-browser:5.24.0"} <= neo4j
    assert "com.johnsnowlabs.nlp:spark-nlp_2.12:5.5.3" in spark
    assert "org.apache.sedona:sedona-spark-shaded-3.5_2.12:1.8.1" in spark
    assert not [name for name in spark if "tensorflow" in name or "scala-library" in name]


def test_path_of_a_jar_follows_the_maven_layout():
    plain = Jar(coordinate="org.neo4j:neo4j:5.26.30", sha256="", size=0)
    native = Jar(coordinate="io.netty:netty-transport:4.1:linux-x86_64", sha256="", size=0)
    assert plain.path == "org/neo4j/neo4j/5.26.30/neo4j-5.26.30.jar"
    assert native.path == "io/netty/netty-transport/4.1/netty-transport-4.1-linux-x86_64.jar"


@pytest.fixture
def one_jar(monkeypatch: pytest.MonkeyPatch) -> Jar:
    content = b"archive"
    jar = Jar(coordinate="g:a:1", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    monkeypatch.setattr(jars, "locked_jars", lambda _engine: (jar,))
    return jar


def test_a_jar_in_the_local_maven_repository_is_used_from_there(user_home: Path, tmp_path: Path, one_jar: Jar):
    path = user_home / ".m2" / "repository" / one_jar.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"archive")
    assert jars.ensure_jars("neo4j", tmp_path / "cache") == (path,)


def test_a_jar_that_changed_after_it_was_verified_is_missing(user_home: Path, tmp_path: Path, one_jar: Jar):
    path = tmp_path / "cache" / "jars" / one_jar.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"archive")
    assert jars.ensure_jars("neo4j", tmp_path / "cache") == (path,)
    path.write_bytes(b"ARCHIVE")
    assert missing_jars("neo4j", tmp_path / "cache") == (one_jar,)


def test_repository_is_the_setting_before_the_users_mirror(user_home: Path):
    (user_home / ".m2" / "settings.xml").write_text(MAVEN_SETTINGS.format(of="*"))
    assert repository_url("https://own.example/maven/") == "https://own.example/maven"
    assert repository_url() == "https://mirror.example/maven"


@pytest.mark.parametrize(("of", "used"), [("central", True), ("external:*", True), ("*,!central", False)])
def test_only_a_mirror_of_the_central_repository_is_used(user_home: Path, of: str, *, used: bool):
    (user_home / ".m2" / "settings.xml").write_text(MAVEN_SETTINGS.format(of=of))
    found = jars._mirror_of_user(user_home / ".m2" / "settings.xml")
    assert (found == "https://mirror.example/maven/") is used
