"""Writes the lock files of `jars.py`: `python -m kgqa.embedded.resolve_jars [ENGINE]`. For maintainers; needs Maven.

Run it after changing a version below, and read the difference before committing it. Running kgqa needs no Maven.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kgqa.embedded.download import sha256_of
from kgqa.embedded.jars import Engine, Jar

#: a line of `mvn dependency:list`
_LISTED = re.compile(r"^\s+([\w.-]+):([\w.-]+):jar:(?:([\w.-]+):)?([\w.-]+):(?:compile|runtime)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What an engine is made of."""

    #: coordinates whose dependencies come with them
    roots: Sequence[str]
    #: group:artifact patterns that are left out
    without: Sequence[str] = ()
    #: coordinates that come alone
    single: Sequence[str] = ()


CLOSURES: dict[Engine, Closure] = {
    "neo4j": Closure(
        roots=(
            "org.neo4j:neo4j:5.26.30",
            "org.neo4j.app:neo4j-server:5.26.30",
            "org.neo4j.client:neo4j-browser:5.24.0",
        ),
    ),
    "spark": Closure(
        roots=("com.johnsnowlabs.nlp:spark-nlp_2.12:5.5.3",),
        without=(
            # native engines of models that are not used, 1 GB
            "com.johnsnowlabs.nlp:tensorflow-cpu_2.12",
            "com.johnsnowlabs.nlp:jsl-llamacpp-cpu_2.12",
            "com.johnsnowlabs.nlp:jsl-openvino-cpu_2.12",
            "com.google.cloud:*",
            "com.azure:*",
            # Spark brings its own
            "org.scala-lang:scala-library",
        ),
        single=("org.apache.sedona:sedona-spark-shaded-3.5_2.12:1.8.1",),
    ),
    # only streaming from Kafka needs these two; what Spark brings itself stays out of the way
    "spark-kafka": Closure(
        roots=("org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",),
        without=(
            "org.scala-lang:scala-library",
            "org.apache.hadoop:*",
            "org.apache.spark:spark-tags_2.12",
            "com.google.code.findbugs:jsr305",
            "org.slf4j:slf4j-api",
            "org.lz4:lz4-java",
            "org.xerial.snappy:snappy-java",
            "com.github.luben:zstd-jni",
        ),
    ),
    "kafka": Closure(
        roots=("org.apache.kafka:kafka_2.13:4.1.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"),
    ),
}


def resolve(closure: Closure, folder: Path) -> list[Jar]:
    """The archives of a closure, sorted."""
    (folder / "pom.xml").write_text(_pom(closure), encoding="utf-8")
    listing = folder / "list.txt"
    _maven(folder, "dependency:list", "-DincludeScope=runtime", f"-DoutputFile={listing}")
    for coordinate in closure.single:
        _maven(folder, "dependency:get", "-Dtransitive=false", f"-Dartifact={coordinate}")
    rows = [
        match.groups() for line in listing.read_text(encoding="utf-8").splitlines() if (match := _LISTED.match(line))
    ]
    coordinates = [":".join(filter(None, (group, name, version, kind))) for group, name, kind, version in rows]
    return [_measure(coordinate) for coordinate in sorted({*closure.single, *coordinates})]


def _measure(coordinate: str) -> Jar:
    path = Path.home() / ".m2" / "repository" / Jar(coordinate=coordinate, sha256="", size=0).path
    return Jar(coordinate=coordinate, sha256=sha256_of(path), size=path.stat().st_size)


def _maven(folder: Path, *arguments: str) -> None:
    subprocess.run(["mvn", "-q", "-B", *arguments], cwd=folder, check=True, timeout=600)


def _pom(closure: Closure) -> str:
    left_out = "".join(f"<exclusion>{_tags(pattern)}</exclusion>" for pattern in closure.without)
    dependencies = "".join(
        f"<dependency>{_tags(root)}<exclusions>{left_out}</exclusions></dependency>" for root in closure.roots
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>kgqa</groupId><artifactId>closure</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )


def _tags(coordinate: str) -> str:
    names = ("groupId", "artifactId", "version")
    return "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, coordinate.split(":"), strict=False))


def main() -> None:
    """Write every lock, or those that are named."""
    for engine, closure in CLOSURES.items():
        if sys.argv[1:] and engine not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            jars = resolve(closure, Path(folder))
        lines = [f"# {engine}: written by python -m kgqa.embedded.resolve_jars; coordinate sha256 bytes"]
        lines += [f"{jar.coordinate}  {jar.sha256}  {jar.size}" for jar in jars]
        target = Path(__file__).parent / "locks" / f"{engine}.lock"
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        sys.stdout.write(f"{target.name}: {len(jars)} archives, {sum(jar.size for jar in jars) / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
