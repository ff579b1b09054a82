"""docker-compose.yml and the Dockerfiles, as far as they can be checked without an engine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILES = sorted((ROOT / "deploy/docker").glob("*.Dockerfile"))


def test_every_long_running_service_has_a_health_check() -> None:
    unchecked = [n for n, s in COMPOSE["services"].items() if "profiles" not in s and "healthcheck" not in s]
    assert not unchecked


def test_secrets_used_are_declared_and_made() -> None:
    used = {secret for service in COMPOSE["services"].values() for secret in service.get("secrets", [])}
    declared = set(COMPOSE["secrets"])
    assert used <= declared
    made = (ROOT / "deploy/docker/make-secrets.sh").read_text(encoding="utf-8")
    assert not [s for s in declared if s not in made and not s.startswith("postgres_")]


def test_settings_in_the_environment_exist() -> None:
    from kgqa.documents import fields

    known = {name for name, _ in fields()}
    given = {
        name.removesuffix("_FILE")
        for service in COMPOSE["services"].values()
        for name in service.get("environment", {})
        if name.startswith("KGQA_")
    }
    assert given <= known


def test_dockerfiles_that_services_build_exist() -> None:
    named = {s["build"]["dockerfile"] for s in COMPOSE["services"].values() if "build" in s}
    assert named == {p.relative_to(ROOT).as_posix() for p in DOCKERFILES}


def test_make_secrets_changes_nothing_the_second_time(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_text((ROOT / "deploy/docker/make-secrets.sh").read_text(encoding="utf-8"), encoding="utf-8")
    contents: list[dict[str, str]] = []
    for _ in range(2):
        subprocess.run(["sh", str(script)], check=True, capture_output=True, timeout=30)
        contents.append({p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "secrets").iterdir()})
    assert contents[0] == contents[1]
    assert {Path(s["file"]).name for s in COMPOSE["secrets"].values()} == set(contents[0])


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda p: p.stem)
def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    done = subprocess.run(["hadolint", str(dockerfile)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_file_follows_the_compose_schema() -> None:
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
