"""KGQA_HOME: one directory with everything that the embedded servers own.

    postgres/ neo4j/ redis/   data and configuration of the servers
    logs/                     one log per server
    ports/ secrets/ run/      one small file per value: remembered ports, random passwords (0600), process ids
    lock in-use keep          held while servers start or stop; held by each foreground owner; `kgqa up` was asked for

One file per value needs no lock: it is made complete and then linked into place, and the first one wins.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kgqa.errors import ConfigurationError

#: below the range from which kernels take the ports of outgoing connections
_PORTS = range(20_000, 32_000)


class Home:
    """Paths, ports and passwords of one KGQA_HOME."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.lock = path / "lock"
        self.in_use = path / "in-use"
        self.keep = path / "keep"

    def make(self) -> None:
        """Create the directories that every server needs. Safe to repeat."""
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(0o755)  # the system user of Postgres passes through; secrets/ is closed
            for name, mode in (("logs", 0o755), ("ports", 0o755), ("run", 0o755), ("secrets", 0o700)):
                (self.path / name).mkdir(mode=mode, exist_ok=True)
            if not os.access(self.path / "secrets", os.W_OK | os.X_OK):
                raise PermissionError
        except (PermissionError, FileExistsError, NotADirectoryError):
            raise ConfigurationError(
                f"{self.path} cannot be used as KGQA_HOME: it is not a directory of yours.",
                hint="set KGQA_HOME to a directory that you may write.",
            ) from None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """A random password: made at the first call, the same ever after."""
        return _first_value(self.path / "secrets" / name, make())

    def has_secret(self, name: str) -> bool:
        """Whether the password was made before."""
        return (self.path / "secrets" / name).exists()

    def port(self, name: str) -> int | None:
        """The port chosen last, if any."""
        with suppress(OSError, ValueError):
            return int((self.path / "ports" / name).read_text(encoding="ascii"))
        return None

    def free_port(self, name: str) -> int:
        """The remembered port when it is free, else another free one, which is then remembered."""
        remembered = self.port(name)
        if remembered is not None and _is_free(remembered):
            return remembered
        port = next(candidate for candidate in random.sample(_PORTS, 500) if _is_free(candidate))
        file = self.path / "ports" / name
        file.unlink(missing_ok=True)
        return int(_first_value(file, str(port)))

    def log(self, name: str) -> Path:
        """The log of a server."""
        return self.logs / f"{name}.log"


def _first_value(file: Path, value: str) -> str:
    """Content of `file`; `value` becomes it when there is none. Of several writers the first wins."""
    with suppress(FileNotFoundError):
        return file.read_text(encoding="utf-8")
    part = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(value)
    try:
        os.link(part, file)
    except FileExistsError:
        return file.read_text(encoding="utf-8")
    finally:
        part.unlink()
    return value


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
