"""The shape of the tree, kept by tests: sizes, names, one reader of the environment, imports without effects."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("kgqa", "spark", "api", "schedule", "cypher", "migrations")
MAX_FILE_LINES = 400
MAX_TEST_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
#: files that are allowed on top of the tree
TOP = {
    ".ci", ".dockerignore", ".env.example", ".git", ".gitignore", ".pre-commit-config.yaml", "ARCHITECTURE.md",
    "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "api", "cypher", "deploy", "docker-compose.yml", "docs",
    "examples", "kgqa", "migrations", "pyproject.toml", "requirements-dev.lock",
    "requirements-audio.lock", "requirements-models.lock", "requirements.lock", "run", "schedule", "spark", "tests",
    "web",
}  # fmt: skip
VAGUE = {"utils", "util", "misc", "helpers", "common", "manager", "processor", "factory"}


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def tracked(*patterns: str) -> list[str]:
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return out.splitlines()


def test_files_and_functions_stay_small() -> None:
    too_long: list[str] = []
    for path in [*sources(), *(ROOT / "tests").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        limit = MAX_TEST_FILE_LINES if "tests" in path.relative_to(ROOT).parts else MAX_FILE_LINES
        if text.count("\n") > limit:
            too_long.append(f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    too_long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert not too_long, "look for the second idea hiding in:\n" + "\n".join(too_long)


def test_module_names_say_something() -> None:
    assert not [p for p in sources() if p.stem in VAGUE]


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        p.relative_to(ROOT)
        for p in sources()
        if p.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(p.relative_to(ROOT))
        for p in sources()
        if any(word in p.read_text(encoding="utf-8") for word in ("os.environ", "os.getenv", "getenv("))
    ]
    assert readers == ["kgqa/settings.py"]


def test_no_cypher_and_no_sql_statements_in_python() -> None:
    def statements(path: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                start = node.value.lstrip()
                if start.startswith(("MATCH (", "MERGE (", "UNWIND $")):
                    yield start[:60]

    found = [f"{p.relative_to(ROOT)}: {s}" for p in sources() for s in statements(p)]
    assert not found


def test_the_top_of_the_tree_holds_only_what_belongs_there() -> None:
    top = {name.split("/")[0] for name in tracked()}
    assert top <= TOP


def test_packages_come_from_this_checkout() -> None:
    import api
    import cypher
    import kgqa
    import spark

    for module in (api, cypher, kgqa, spark):
        assert module.__file__ is not None
        assert Path(module.__file__).is_relative_to(ROOT)


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_does_nothing(package: str) -> None:
    """Every module imports without network, without a home, and without starting a process or thread."""
    modules = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in sources()
        if p.relative_to(ROOT).parts[0] == package and p.name != "__main__.py"
    ]
    program = (
        "import importlib, platform, socket, subprocess, sys, threading\n"
        "platform.architecture = lambda: ('64bit', 'ELF')\n"  # Dagster's croniter asks `file` at its import
        "def refuse(*a, **k): raise AssertionError('import has side effects')\n"
        "socket.socket.connect = refuse; subprocess.Popen.__init__ = refuse\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    environment = {"PATH": os.defpath, "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_no_secrets_hosts_or_paths_of_one_machine_in_the_repository() -> None:
    words = ("/work/", "/root/", "BEGIN RSA PRIVATE", "BEGIN PRIVATE KEY", "pypi.org", "repo1.maven", "registry.npmjs")
    me = Path(__file__).relative_to(ROOT).as_posix()
    found: list[str] = []
    for name in tracked():
        if name == me or name.endswith((".pdf", ".docx", ".gz", ".png")) or not (ROOT / name).exists():
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore")
        found += [f"{name}: {word}" for word in words if word in text]
    assert not found


def test_migrations_that_databases_may_have_do_not_change() -> None:
    """They are known by name: a changed one would never reach a database that has it. New ones: sha256sum them."""
    landed = (ROOT / "migrations" / "SHA256SUMS").read_text(encoding="utf-8")
    found = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted((ROOT / "migrations").glob("[0-9]*.sql"))
    ]
    assert "".join(found) == landed, "add a new migration; then, in migrations/: sha256sum [0-9]*.sql > SHA256SUMS"
