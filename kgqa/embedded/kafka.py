"""The embedded Kafka: one node that is broker and controller (KRaft), for tests and for trying out on one machine.

It is started by what streams from it, not by `kgqa up`; `kgqa down` stops it with the others.
"""

from __future__ import annotations

import base64
import signal
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

import psutil

from kgqa.adapters.kafka.broker import Broker
from kgqa.embedded.home import Home
from kgqa.embedded.jars import class_path
from kgqa.embedded.java import java_home
from kgqa.embedded.process import Command
from kgqa.embedded.server import Server
from kgqa.errors import DependencyUnavailable

USER = "kgqa"
_FORMAT_SECONDS = 120
_LOGGING = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class Kafka(Server):
    """Kafka 4.1."""

    name = "kafka"
    ports = ("kafka", "kafka-controller")
    escalation = ((signal.SIGTERM, 30), (signal.SIGKILL, 10))

    def __init__(self, home: Home, jars: Sequence[Path] = ()) -> None:
        super().__init__(home)
        self._jars = jars

    @property
    def broker(self) -> Broker:
        """Where it is."""
        return Broker(servers=f"127.0.0.1:{self.port('kafka')}", user=USER, password=self.home.secret("kafka"))

    def was_started(self) -> bool:
        """Whether this home ever had one."""
        return self._directory.exists()

    def prepare(self) -> None:
        """Make the directories."""
        (self._directory / "data").mkdir(parents=True, mode=0o700, exist_ok=True)

    def command(self) -> Command:
        """Write the configuration, format the data directory the first time; the command line."""
        configuration = self._directory / "server.properties"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(), encoding="utf-8")
        logging = self._directory / "log4j2.properties"
        logging.write_text(_LOGGING, encoding="utf-8")
        # An argument file keeps the paths out of the process list.
        arguments = self._directory / "java.args"
        options = (
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dfile.encoding=UTF-8",
        )
        options = (*options, f'-Dlog4j2.configurationFile="file:{logging}"', "-cp", f'"{class_path(self._jars)}"')
        arguments.write_text("\n".join(options) + "\n", encoding="utf-8")
        java = [str(java_home() / "bin" / "java"), f"@{arguments}"]
        if not (self._directory / "data" / "meta.properties").exists():
            self._format([*java, "kafka.tools.StorageTool", "format", "--cluster-id", _cluster_id()], configuration)
        return Command(
            argv=[*java, "kafka.Kafka", str(configuration)], cwd=self._directory, log=self.home.log(self.name)
        )

    def is_ours(self, candidate: psutil.Process) -> bool:
        """By its configuration file."""
        return candidate.cmdline()[-2:] == ["kafka.Kafka", str(self._directory / "server.properties")]

    def answers(self) -> bool:
        """Whether our password is accepted and it lists its topics."""
        from kgqa.adapters.kafka.topics import answers  # the client is a native library that others need not load

        return answers(self.broker)

    @property
    def _directory(self) -> Path:
        return self.home.path / "kafka"

    def _format(self, command: Sequence[str], configuration: Path) -> None:
        done = subprocess.run(
            [*command, "--config", str(configuration), "--ignore-formatted"],
            capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DependencyUnavailable(
                f"Kafka could not prepare {self._directory}: {(done.stdout + done.stderr).strip()[-500:]}",
                hint="remove that directory to start with an empty broker.",
            )

    def _configuration(self) -> str:
        client, controller = (f"127.0.0.1:{self.port(name)}" for name in self.ports)
        login = self.broker.login_module().removesuffix(";") + f' user_{USER}="{self.broker.password}";'
        options = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"CLIENT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"CLIENT://{client}",
            "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.client.plain.sasl.jaas.config": login,
            "listener.name.controller.plain.sasl.jaas.config": login,
            "log.dirs": str(self._directory / "data"),
            "num.partitions": "1",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # an event must outlive the stream that is down over a long weekend
            "log.retention.ms": "-1",
        }
        return "".join(f"{name}={value}\n" for name, value in options.items())


def _cluster_id() -> str:
    """As Kafka writes it: 16 bytes in base64 without padding."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
