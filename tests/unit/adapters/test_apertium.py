"""Apertium as a child process, with a small program in its place that shouts instead of translating."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgqa.adapters.models import apertium
from kgqa.adapters.models.apertium import ApertiumTranslator
from kgqa.errors import ConfigurationError, KgqaError, LimitExceeded, ModelOutputError

PROGRAM = """#!{python}
import sys, time
here = {folder!r}
if sys.argv[1:] == ["-l"]:
    print("  spa-eng\\n  en-es")
    sys.exit(0)
assert sys.argv[1] == "-u" and sys.argv[2] in ("spa-eng", "en-es"), sys.argv
text = sys.stdin.buffer.read().decode()
with open(here + "/starts", "a") as starts:
    starts.write(sys.argv[2] + "\\n")
{special}
sys.stdout.buffer.write(text.upper().encode())
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ApertiumTranslator]:
    def make(special: str = "", timeout_seconds: float = 20) -> ApertiumTranslator:
        program = tmp_path / "apertium"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(tmp_path), special=special))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        apertium._modes.cache_clear()  # pyright: ignore[reportPrivateUsage] - what an earlier test found
        return ApertiumTranslator(timeout_seconds=timeout_seconds)

    return make


def starts(folder: Path) -> list[str]:
    return (folder / "starts").read_text().split()


def test_many_texts_share_a_process_and_come_back_apart_and_in_order(install, tmp_path: Path) -> None:
    texts = ["uno\n\ndos", "", "12345 [PERSON:7f3a9c12ab34]\n", "\n\ntres ñ 漢字", "cuatro " * 500]
    found = install().translate(texts, source="es", target="en")
    assert [str(translation).strip() for translation in found] == [text.upper().strip() for text in texts]
    assert starts(tmp_path) == ["spa-eng"]


def test_long_texts_go_in_several_processes(install, tmp_path: Path) -> None:
    texts = [f"{n} " + "palabra " * 5_000 for n in range(4)]
    found = install().translate(texts, source="es", target="en")
    assert [str(t).split()[0] for t in found] == ["0", "1", "2", "3"]
    assert len(starts(tmp_path)) == 4


@pytest.mark.parametrize(
    "special",
    [
        "import re; text = re.sub('[0-9]{15,}', '', text)",
        "import re; text = re.sub('([0-9]{19})1', '\\\\1 1', text)",
        "marks = [p for p in text.split('\\n\\n') if p.isdigit()]; text = '\\n\\n'.join([text, *marks])",
    ],
)
def test_texts_that_cannot_be_told_apart_are_translated_one_by_one(install, tmp_path: Path, special: str) -> None:
    found = install(special).translate(["uno", "dos", "tres"], source="es", target="en")
    assert [str(translation).strip() for translation in found] == ["UNO", "DOS", "TRES"]
    assert len(starts(tmp_path)) == 4


def test_a_text_that_breaks_it_costs_no_other_one(install) -> None:
    found = install("if 'malo' in text: sys.exit(3)").translate(["uno", "malo", "tres"], source="es", target="en")
    assert (found[0], found[2]) == ("UNO", "TRES")
    assert isinstance(found[1], ModelOutputError)


def test_a_process_that_hangs_is_ended_with_its_children(install, tmp_path: Path) -> None:
    special = (
        "import subprocess; subprocess.Popen([sys.executable, '-c',"
        " 'import time; time.sleep(8); open(%r, \"w\")' % (here + '/late')]).wait()"
    )
    start = time.monotonic()
    (found,) = install(special, timeout_seconds=1).translate(["uno"], source="es", target="en")
    assert isinstance(found, LimitExceeded)
    assert "KGQA_TRANSLATION__TIMEOUT_SECONDS" in str(found)
    assert time.monotonic() - start < 6
    assert not (tmp_path / "late").exists()


def test_a_pair_that_is_not_installed_is_said_for_every_text_and_is_no_outage(install, tmp_path: Path) -> None:
    found = install().translate(["hei", "moi"], source="fi", target="en")
    assert len(found) == 2
    for problem in found:
        assert isinstance(problem, KgqaError)
        assert not problem.retryable
        assert "from fi to en" in str(problem)
        assert "spa-eng" in str(problem)
    assert not (tmp_path / "starts").exists()


def test_older_packages_name_their_pairs_by_two_letters(install, tmp_path: Path) -> None:
    assert install().translate(["one"], source="en", target="es") == ["ONE"]
    assert starts(tmp_path) == ["en-es"]


def test_a_machine_without_the_program_is_told_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="apt-get install apertium"):
        ApertiumTranslator()
