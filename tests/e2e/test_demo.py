"""The README's first command, in a home of its own: from nothing to three cited answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgqa.embedded.stack import Stack
from kgqa.settings import Settings


@pytest.fixture
def own_home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="kgqa-demo-"))
    path.chmod(0o755)
    yield path / "home"
    shutil.rmtree(path, ignore_errors=True)


def demo(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("kgqa")), "demo"],
        env={**os.environ, "KGQA_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def test_the_demo_answers_three_questions_and_stops_everything(own_home: Path) -> None:
    done = demo(own_home)
    logs = "\n".join(p.read_text(encoding="utf-8", errors="replace")[-2000:] for p in own_home.glob("logs/*.log"))
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}\n{logs}"
    assert "[1]" in done.stdout
    assert "indexed 68" in done.stderr
    assert "GraphiQL" in done.stderr
    assert not any(server.running for server in Stack(Settings(home=own_home)).status().servers)
    again = demo(own_home)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "unchanged 68" in again.stderr
