"""Documents that must tell the truth: settings, errors, paths in ARCHITECTURE.md, commands in README.md."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from kgqa.cli.main import app
from kgqa.documents import example_environment, settings_page
from kgqa.errors import KgqaError

ROOT = Path(__file__).parent.parent.parent


def test_settings_page_and_example_environment_are_current() -> None:
    hint = "run: ./run python -m kgqa.documents"
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page(), hint
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example_environment(), hint


def test_every_error_code_has_a_page() -> None:
    kinds: list[type[KgqaError]] = [KgqaError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    codes = {kind.code for kind in kinds}
    assert {p.stem for p in (ROOT / "docs/errors").glob("*.md")} == codes


def test_paths_in_the_architecture_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:kgqa|spark|api|cypher|migrations|tests|deploy|docs|examples)/[\w./-]*)`", text))
    assert len(paths) > 20
    assert not [p for p in paths if not (ROOT / p).exists()]


def test_readme_commands_are_real_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {line.split()[2] for line in text.splitlines() if line.startswith("./run kgqa ")}
    assert "demo" in commands
    known = set(CliRunner().invoke(app, ["--help"]).output.replace("│", " ").split())
    assert commands <= known
    head = text.splitlines()[:30]
    assert "./run kgqa demo" in head
    assert "./run pytest" in head
