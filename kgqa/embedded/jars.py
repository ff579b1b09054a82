"""The Java archives of Neo4j, Kafka and the Spark extras, exactly as locked.

A lock (`locks/<engine>.lock`) names coordinate, sha256 and size, one archive a line, sorted; it names no
host. An archive that already lies in the local Maven repository with the right hash is used from there; the
others are downloaded once into a cache that all homes of a user share. `resolve_jars.py` writes the locks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from rich.console import Console

from kgqa.embedded.download import Download, download_all, sha256_of
from kgqa.errors import ConfigurationError

#: a server, or what Spark needs beside PySpark: always (GraphFrames, Spark NLP), or to read Kafka
Engine = Literal["neo4j", "spark", "kafka", "spark-kafka"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One line of a lock."""

    #: group:artifact:version, or group:artifact:version:classifier
    coordinate: str
    sha256: str
    size: int

    @property
    def path(self) -> str:
        """Path inside a Maven repository."""
        group, artifact, version, *classifier = self.coordinate.split(":")
        file = "-".join((artifact, version, *classifier))
        return f"{group.replace('.', '/')}/{artifact}/{version}/{file}.jar"


def locked_jars(engine: Engine) -> tuple[Jar, ...]:
    """The lock of an engine."""
    text = resources.files("kgqa.embedded").joinpath("locks", f"{engine}.lock").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Jar(coordinate=coordinate, sha256=digest, size=int(size)) for coordinate, digest, size in rows)


def ensure_jars(
    engine: Engine, cache: Path, *, repository: str = "", console: Console | None = None
) -> tuple[Path, ...]:
    """Paths of all archives of an engine, in the order of the lock; downloads what is missing.

    Raises DependencyUnavailable when an archive is missing and cannot be fetched. Needs no network when all are here.
    """
    jars = locked_jars(engine)
    stamps = _Stamps(cache / "jars" / f"{engine}.verified.json")
    found = {jar.coordinate: _find(jar, cache, stamps) for jar in jars}
    missing = [jar for jar in jars if found[jar.coordinate] is None]
    if missing:
        base = repository_url(repository)
        wanted = [
            Download(url=f"{base}/{jar.path}", target=cache / "jars" / jar.path, sha256=jar.sha256, size=jar.size)
            for jar in missing
        ]
        download_all(wanted, title=f"jars of {engine}", lock=cache / "jars" / ".lock", console=console)
        for jar, download in zip(missing, wanted, strict=True):
            found[jar.coordinate] = download.target
            stamps.add(download.target, jar.sha256)
    stamps.save()
    return tuple(path for path in found.values() if path is not None)


def missing_jars(engine: Engine, cache: Path) -> tuple[Jar, ...]:
    """The archives that `ensure_jars` would have to download."""
    stamps = _Stamps(cache / "jars" / f"{engine}.verified.json")
    return tuple(jar for jar in locked_jars(engine) if _find(jar, cache, stamps) is None)


def repository_url(configured: str = "") -> str:
    """Base URL of the Maven repository: the setting, else the user's Maven mirror, else jgo's default."""
    if configured:
        return configured.rstrip("/")
    mirror = _mirror_of_user(Path.home() / ".m2" / "settings.xml")
    if mirror:
        return mirror.rstrip("/")
    try:
        from jgo.constants import MAVEN_CENTRAL_URL  # pyright: ignore[reportMissingImports] - needed once per machine
    except ImportError:
        raise ConfigurationError(
            "No Maven repository is known.", hint="set KGQA_MAVEN_REPOSITORY, or install the package jgo."
        ) from None
    return str(MAVEN_CENTRAL_URL).rstrip("/")


def _mirror_of_user(settings: Path) -> str | None:
    """The first mirror of central (or of everything) in a Maven settings file."""
    try:
        root = ElementTree.parse(settings).getroot()  # noqa: S314 - the user's own file
    except (OSError, ElementTree.ParseError):
        return None
    for mirror in root.iter():
        if mirror.tag.rpartition("}")[2] != "mirror":
            continue
        fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in mirror}
        of = fields.get("mirrorOf", "")
        if "!central" not in of and any(part.strip() in {"*", "central", "external:*"} for part in of.split(",")):
            return fields.get("url") or None
    return None


def _find(jar: Jar, cache: Path, stamps: _Stamps) -> Path | None:
    for root in (cache / "jars", Path.home() / ".m2" / "repository"):
        path = root / jar.path
        if stamps.holds(path, jar):
            return path
    return None


class _Stamps:
    """Remembers which files had the right hash, so that a warm start does not read 400 MB again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._changed = False
        self._known: dict[str, list[object]] = {}
        with suppress(OSError, ValueError):
            self._known = json.loads(file.read_text(encoding="utf-8"))

    def holds(self, path: Path, jar: Jar) -> bool:
        try:
            stat = path.stat()
        except OSError:
            return False
        if stat.st_size != jar.size:
            return False
        if self._known.get(str(path)) == [jar.sha256, stat.st_size, stat.st_mtime_ns]:
            return True
        if sha256_of(path) != jar.sha256:
            return False
        self.add(path, jar.sha256)
        return True

    def add(self, path: Path, sha256: str) -> None:
        stat = path.stat()
        self._known[str(path)] = [sha256, stat.st_size, stat.st_mtime_ns]
        self._changed = True

    def save(self) -> None:
        if self._changed:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps(self._known), encoding="utf-8")
            part.replace(self._file)


def class_path(paths: Sequence[Path]) -> str:
    """Paths as a Java class path."""
    return ":".join(str(path) for path in paths)
