"""What the three embedded servers have in common: start until it answers, be found again, stop cleanly."""

from __future__ import annotations

import signal
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from kgqa.embedded import process
from kgqa.embedded.home import Home
from kgqa.embedded.process import Command
from kgqa.errors import DependencyUnavailable

ATTEMPTS = 4


class Server(ABC):
    """One server of one home. Call `start` and `stop` only while holding the home's lock."""

    name: ClassVar[str]
    #: names of its ports in the home; the first one is where it is asked whether it is ready
    ports: ClassVar[Sequence[str]]
    #: signals to stop it, each with the seconds it is given
    escalation: ClassVar[Sequence[tuple[signal.Signals, float]]]
    start_seconds: ClassVar[float] = 90

    def __init__(self, home: Home) -> None:
        self.home = home

    @abstractmethod
    def prepare(self) -> None:
        """Make directories, configuration and, the first time, the data. Safe to repeat; called before each start."""

    @abstractmethod
    def command(self) -> Command:
        """How to start it on the ports that the home remembers."""

    @abstractmethod
    def is_ours(self, candidate: psutil.Process) -> bool:
        """Whether that process is this server on this home."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it accepts our password and does work; called when its first port is open."""

    def set_up(self) -> None:  # noqa: B027 - most servers need nothing more
        """What has to hold once it answers: databases, roles. Safe to repeat."""

    def port(self, name: str) -> int:
        """A port that the home remembers. Raises DependencyUnavailable before the first start."""
        port = self.home.port(name)
        if port is None:
            raise DependencyUnavailable(f"{self.name} has never been started.", hint="run `kgqa up`.")
        return port

    def running(self) -> int | None:
        """Its process id, or None."""
        return process.find(self._pid_file, self.is_ours)

    def start(self, cancelled: threading.Event) -> bool:
        """Make it run and answer; False when it ran already. Raises DependencyUnavailable with the end of its log."""
        pid = self.running()
        if pid is not None and self._comes_up(pid, cancelled):
            self.set_up()
            return False
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(attempt)  # what is left of a killed server takes a moment to go
            self.prepare()
            for name in self.ports:
                self.home.free_port(name)
            pid = process.launch(self.command())
            self._pid_file.write_text(str(pid), encoding="ascii")
            if self._comes_up(pid, cancelled):
                self.set_up()
                return True
            if cancelled.is_set():
                break
        raise DependencyUnavailable(
            f"{self.name} stopped while it was starting. The end of {self.home.log(self.name)}:\n{self._end_of_log()}",
            hint="run `kgqa doctor`; the log says what it did not like.",
        )

    def stop(self) -> None:
        """Stop it and wait for its end. Nothing happens when it does not run."""
        pid = self.running()
        if pid is not None:
            process.stop(pid, self.escalation)
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.home.path / "run" / self.name

    def _comes_up(self, pid: int, cancelled: threading.Event) -> bool:
        """Wait until it answers (True) or ends (False). Raises DependencyUnavailable when it does neither."""
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline and not cancelled.is_set():
            if not process.is_alive(pid):
                return False
            if _is_open(self.port(self.ports[0])) and self.answers():
                return True
            time.sleep(0.03)
        if cancelled.is_set():
            return False
        raise DependencyUnavailable(
            f"{self.name} (process {pid}) has not answered for {self.start_seconds:.0f} s.\n{self._end_of_log()}",
            hint="if the machine is busy, run this again; otherwise `kgqa down` and `kgqa up`.",
        )

    def _end_of_log(self, lines: int = 15) -> str:
        with suppress(OSError):
            return "\n".join(self.home.log(self.name).read_text(errors="replace").splitlines()[-lines:])
        return "(no log)"


def _is_open(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
