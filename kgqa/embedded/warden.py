"""Watches the owner of a stack, and when the owner dies without a word, stops what nobody else uses.

    python -m kgqa.embedded.warden      started by `Warden.watch`; reads settings from the environment as we do

It waits for the end of its standard input, a pipe whose other end only the owner holds: the kernel closes it
however the owner ends. (PR_SET_PDEATHSIG would be lost by Postgres, which changes its user.)
"""

from __future__ import annotations

import os
import select
import subprocess
import sys

from kgqa.settings import Settings, child_environment, load_settings

DISMISSED = b"."


class Warden:
    """The owner's handle on its warden."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    @classmethod
    def watch(cls, settings: Settings) -> Warden:
        """Start a warden of this process."""
        child = subprocess.Popen(
            [sys.executable, "-m", "kgqa.embedded.warden", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=child_environment({"KGQA_HOME": str(settings.home), "KGQA_CACHE": str(settings.cache)}),
            start_new_session=True,
        )
        return cls(child)

    def dismiss(self) -> None:
        """The owner has cleaned up itself."""
        self._child.communicate(DISMISSED, timeout=30)


def _wait_for_end_of(owner: int) -> bool:
    """Whether the owner died; False when it dismissed us. A fork of the owner may hold the pipe: look at both."""
    while os.getppid() == owner:
        ready, _, _ = select.select([sys.stdin], [], [], 0.5)
        if ready:
            return os.read(sys.stdin.fileno(), 1) != DISMISSED
    return True


def main() -> None:
    """Wait, then stop what is unused."""
    if _wait_for_end_of(int(sys.argv[1])):
        from kgqa.embedded.stack import Stack  # costs half a second, and is mostly not needed

        Stack(load_settings()).stop_if_unused()


if __name__ == "__main__":
    main()
