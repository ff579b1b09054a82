"""The embedded Neo4j: the Community server from its jars, with Neo4j Browser on the class path."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import psutil

from kgqa.embedded.home import Home
from kgqa.embedded.jars import class_path
from kgqa.embedded.java import java_home
from kgqa.embedded.process import Command
from kgqa.embedded.server import Server

USER = "neo4j"
MAIN = "org.neo4j.server.CommunityEntryPoint"
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent", "java.lang")
_JVM = (
    "-Xmx512m",
    "-Xss1m",
    "-XX:+UseSerialGC",  # smallest footprint; heap is small
    "-XX:+ExitOnOutOfMemoryError",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dfile.encoding=UTF-8",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
)


class Neo4j(Server):
    """Neo4j 5.26 Community."""

    name = "neo4j"
    ports = ("neo4j-http", "neo4j-bolt")  # HTTP opens last, some time after Bolt
    escalation = ((signal.SIGTERM, 60), (signal.SIGKILL, 10))
    start_seconds = 180

    def __init__(self, home: Home, jars: Sequence[Path] = ()) -> None:
        super().__init__(home)
        self._jars = jars

    @property
    def url(self) -> str:
        """Bolt URL."""
        return f"bolt://127.0.0.1:{self.port('neo4j-bolt')}"

    @property
    def browser_url(self) -> str:
        """Where Neo4j Browser is."""
        return f"http://127.0.0.1:{self.port('neo4j-http')}/browser/"

    @property
    def password(self) -> str:
        """Password of the user `neo4j`."""
        return self.home.secret("neo4j")

    def prepare(self) -> None:
        """Make the directories."""
        for name in ("conf", "data", "import", "plugins", "run"):
            (self._directory / name).mkdir(parents=True, mode=0o700, exist_ok=True)

    def command(self) -> Command:
        """Write the configuration; the command line."""
        conf = self._directory / "conf"
        (conf / "neo4j.conf").write_text(self._configuration(), encoding="utf-8")
        # An argument file keeps 200 paths out of the process list.
        (conf / "java.args").write_text(
            "\n".join((*_JVM, "-cp", f'"{class_path(self._jars)}"')) + "\n", encoding="utf-8"
        )
        return Command(
            argv=[
                str(java_home() / "bin" / "java"),
                f"@{conf / 'java.args'}",
                MAIN,
                f"--home-dir={self._directory}",
                f"--config-dir={conf}",
                "--console-mode",
            ],
            cwd=self._directory,
            log=self.home.log(self.name),
        )

    def is_ours(self, candidate: psutil.Process) -> bool:
        """By its data directory."""
        return f"--home-dir={self._directory}" in candidate.cmdline()

    def answers(self) -> bool:
        """Whether our password is accepted and a statement runs."""
        from kgqa.adapters.neo4j import admin  # the driver imports pandas, a second that nobody else should wait for

        return admin.answers(self.url, USER, self.password)

    @property
    def data_directory(self) -> Path:
        """Store, transaction logs, and the server's own accounts."""
        return self._directory / "data"

    def clear(self) -> None:
        """Remove all data. Only while it does not run; the next start makes an empty store with the same password."""
        shutil.rmtree(self.data_directory, ignore_errors=True)

    @property
    def _directory(self) -> Path:
        return self.home.path / "neo4j"

    def _configuration(self) -> str:
        http, bolt = (f"127.0.0.1:{self.port(name)}" for name in self.ports)
        options = {
            "server.default_listen_address": "127.0.0.1",
            "server.default_advertised_address": "127.0.0.1",
            "server.bolt.listen_address": bolt,
            "server.bolt.advertised_address": bolt,
            "server.http.listen_address": http,
            "server.http.advertised_address": http,
            "server.https.enabled": "false",
            "server.memory.pagecache.size": "128m",
            "server.directories.logs": str(self.home.logs / "neo4j"),
            "db.tx_log.rotation.retention_policy": "1 days 200M",
            "dbms.usage_report.enabled": "false",
            "client.allow_telemetry": "false",
            # a stop otherwise waits 10 s for connections that nobody opens any more
            "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
        }
        return "".join(f"{name}={value}\n" for name, value in options.items())
