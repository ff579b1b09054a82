"""What a soak run starts and kills: the worker, the driver of the stream, and the embedded servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

import psutil

from kgqa.errors import Conflict
from kgqa.processes import start_module, stop
from kgqa.settings import Settings

#: what is left of a process that was asked to end is given so long
_LAST_SECONDS = 20


class Child:
    """A module as a child process, which dies and is started again."""

    def __init__(self, module: str, arguments: Sequence[str], settings: Settings, *, log: str) -> None:
        self._module = module
        self._arguments = arguments
        self._settings = settings
        self._log = settings.home / "logs" / log
        self._start()

    def _start(self) -> None:
        self._child = start_module(self._module, self._arguments, self._settings, log=self._log)

    def kill(self) -> None:
        """SIGKILL it and everything that it started, and start it again."""
        kill_family(psutil.Process(self._child.pid))
        self._child.wait()
        self._start()

    def keep(self) -> None:
        """Start it again where it ended because a server was away while it started, as a service manager does.

        Raises Conflict when it ended for another reason: what runs waits for its servers.
        """
        code = self._child.poll()
        if code == os.EX_TEMPFAIL:
            self._start()
        elif code is not None:
            raise Conflict(f"{self._module} ended with exit code {code}.", hint=f"see {self._log}.")

    def stop(self) -> None:
        """Ask it to end, and leave nothing of it behind."""
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._child.pid).children(recursive=True)
        stop(self._child)
        _, left = psutil.wait_procs(family, _LAST_SECONDS)
        for each in left:
            kill_family(each)


@contextmanager
def running(module: str, arguments: Sequence[str], settings: Settings, *, log: str) -> Generator[Child]:
    """A child that ends with the block."""
    child = Child(module, arguments, settings, log=log)
    try:
        yield child
    finally:
        child.stop()


def kill_family(process: psutil.Process) -> None:
    """SIGKILL a process and its descendants, and wait for their end."""
    family = [process]
    with suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    psutil.wait_procs(family, timeout=60)
