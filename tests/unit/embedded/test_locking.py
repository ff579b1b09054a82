from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kgqa.embedded.locking import Presence, anyone_present, exclusive
from kgqa.errors import Conflict

HOLDER = """
import sys, time
from pathlib import Path
from kgqa.embedded.locking import Presence, exclusive
if sys.argv[2] == "presence":
    presence = Presence(Path(sys.argv[1]))
    print("held", flush=True); time.sleep(60)
with exclusive(Path(sys.argv[1])):
    print("held", flush=True); time.sleep(60)
"""


@contextmanager
def held_by_another_process(path: Path, how: str) -> Iterator[subprocess.Popen[bytes]]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path), how], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_lock_held_by_another_process_is_waited_for_and_then_given_up(tmp_path: Path):
    with (
        held_by_another_process(tmp_path / "lock", "exclusive"),
        pytest.raises(Conflict),
        exclusive(tmp_path / "lock", timeout_seconds=0.2),
    ):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path):
    with held_by_another_process(tmp_path / "lock", "exclusive") as holder:
        holder.send_signal(signal.SIGKILL)
        with exclusive(tmp_path / "lock", timeout_seconds=10):
            pass


def test_presence_ends_with_leaving_or_death(tmp_path: Path):
    path = tmp_path / "in-use"
    assert not anyone_present(path)
    ours = Presence(path)
    with held_by_another_process(path, "presence") as holder:
        ours.leave()
        assert anyone_present(path)
        holder.kill()
        holder.wait()
        assert not anyone_present(path)
