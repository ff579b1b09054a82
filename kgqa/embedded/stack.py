"""The servers of one machine as one thing: up, down, status.

    Stack(settings).up()                 start what is missing; it all outlives this process; `down()` stops it
    with Stack(settings).running() as e: the same, but stopped at the end, however the end comes

A server with a configured URL is not ours: it is neither started nor stopped, and nothing else changes. Whoever
uses a stack inside `running()` is present in the home; the last one to leave stops the servers, unless `up()` was
called meanwhile. A warden process leaves on behalf of an owner that was killed. Kafka is started by `broker()` alone,
and stops with the others.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from kgqa.adapters.kafka.broker import Broker
from kgqa.embedded import process
from kgqa.embedded.home import Home
from kgqa.embedded.jars import ensure_jars
from kgqa.embedded.kafka import Kafka
from kgqa.embedded.locking import Presence, anyone_present, exclusive
from kgqa.embedded.neo4j import USER, Neo4j
from kgqa.embedded.postgres import Postgres
from kgqa.embedded.redis import Redis
from kgqa.embedded.server import Server
from kgqa.embedded.warden import Warden
from kgqa.errors import ConfigurationError
from kgqa.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the servers are, with passwords: print single fields, never all of it."""

    postgres_app_url: str = field(repr=False)
    postgres_pipeline_url: str = field(repr=False)
    postgres_owner_url: str = field(repr=False)
    #: None when the server is not embedded: setting up roles is the operator's job
    postgres_superuser_url: str | None = field(repr=False)
    neo4j_url: str
    neo4j_user: str
    neo4j_password: str = field(repr=False)
    #: None when the server is not embedded
    neo4j_browser_url: str | None
    redis_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One server as it is now."""

    name: str
    #: False: a configured URL replaces it, and the rest is unknown
    embedded: bool
    running: bool = False
    pid: int | None = None
    ports: Sequence[int] = ()
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """All servers as they are now."""

    servers: Sequence[ServerStatus]

    @property
    def memory_bytes(self) -> int:
        """Memory of all embedded servers."""
        return sum(server.memory_bytes for server in self.servers)


class Stack:
    """The embedded servers of one KGQA_HOME."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._postgres = Postgres(self.home)
        self._redis = Redis(self.home)

    def up(self) -> Endpoints:
        """Start what is missing and leave it running. A second caller waits for the first and gets the same."""
        self.home.make()
        with exclusive(self.home.lock):
            self._start_missing()
            self.home.keep.touch()
        return self._endpoints()

    def broker(self) -> Broker:
        """The Kafka broker: the configured one, else the embedded one, which is started where it does not run."""
        kafka = self.settings.kafka
        if kafka.bootstrap_servers:
            return Broker(
                servers=kafka.bootstrap_servers,
                user=kafka.user,
                password=kafka.password.get_secret_value(),
                mechanism=kafka.mechanism,
                tls=kafka.tls,
                ca_file=kafka.ca_file,
            )
        self.home.make()
        jars = ensure_jars("kafka", self.settings.cache, repository=self.settings.maven_repository)
        server = Kafka(self.home, jars)
        with exclusive(self.home.lock):
            server.start(threading.Event())
        return server.broker

    def down(self) -> None:
        """Stop every embedded server cleanly. Nothing happens when none runs."""
        if not self.home.path.exists():
            return
        self.home.make()
        with exclusive(self.home.lock):
            self.home.keep.unlink(missing_ok=True)
            self._stop_all()

    @contextmanager
    def running(self) -> Generator[Endpoints]:
        """Own the servers for a while: SIGTERM, Ctrl-C, an error, the end or our death leave none behind."""
        self.home.make()
        presence = Presence(self.home.in_use)
        warden = Warden.watch(self.settings)
        try:
            with _sigterm_raises():
                with exclusive(self.home.lock):
                    self._start_missing()
                yield self._endpoints()
        finally:
            presence.leave()
            self.stop_if_unused()
            warden.dismiss()

    def stop_if_unused(self) -> None:
        """Stop the servers when nobody is present and nobody asked to keep them."""
        with exclusive(self.home.lock):
            if not self.home.keep.exists() and not anyone_present(self.home.in_use):
                self._stop_all()

    def endpoints(self) -> Endpoints | None:
        """Where the servers are, or None when an embedded one does not run."""
        if any(server.running() is None for server in self._embedded()):
            return None
        return self._endpoints()

    def postgres_files(self) -> tuple[Path, Path] | None:
        """The data directory of the embedded Postgres and its `pg_dump`; None when the server is not ours."""
        if self.settings.postgres.url.get_secret_value():
            return None
        return self._postgres.data_directory, self._postgres.program("pg_dump")

    def neo4j_files(self) -> Path | None:
        """The data directory of the embedded Neo4j; None when the server is not ours."""
        return None if self.settings.neo4j.url else Neo4j(self.home).data_directory

    def renew_neo4j(self) -> bool:
        """Replace the embedded Neo4j's store by an empty one, files and transaction logs; False when it is not ours.

        The projection has to be built again. Readers wait or fail meanwhile.
        """
        if self.settings.neo4j.url:
            return False
        with exclusive(self.home.lock):
            (server,) = [s for s in self._embedded(with_jars=True) if isinstance(s, Neo4j)]
            server.stop()
            server.clear()
            server.start(threading.Event())
        return True

    def status(self) -> StackStatus:
        """Process, ports and memory of each server."""
        embedded = {server.name for server in self._embedded()}
        kafka = Kafka(self.home)
        servers: list[Server] = [self._postgres, Neo4j(self.home), self._redis]
        if kafka.was_started():
            servers.append(kafka)
            embedded.add(kafka.name)
        return StackStatus(
            servers=tuple(
                _status(server) if server.name in embedded else ServerStatus(name=server.name, embedded=False)
                for server in servers
            )
        )

    def _embedded(self, *, with_jars: bool = False) -> list[Server]:
        """The servers that no configured URL replaces."""
        settings = self.settings
        servers: list[Server] = []
        if not settings.neo4j.url:
            jars = ensure_jars("neo4j", settings.cache, repository=settings.maven_repository) if with_jars else ()
            servers.append(Neo4j(self.home, jars))
        if not settings.postgres.url.get_secret_value():
            servers.append(self._postgres)
        if not settings.redis.url.get_secret_value():
            servers.append(self._redis)
        return servers

    def _start_missing(self) -> None:
        """Start all in parallel. When one fails, those that this call started are stopped again."""
        servers = self._embedded(with_jars=True)
        cancelled = threading.Event()
        with ThreadPoolExecutor(max_workers=3) as pool:
            starts = {server.name: pool.submit(server.start, cancelled) for server in servers}
            try:
                for start in starts.values():
                    start.result()
            except BaseException:
                cancelled.set()
                for server in servers:
                    started = False
                    with suppress(Exception):  # the first failure is the one that is reported
                        started = starts[server.name].result()
                    if started:
                        server.stop()
                raise

    def _stop_all(self) -> None:
        kafka = Kafka(self.home)
        servers = [*self._embedded(), *([kafka] if kafka.was_started() else [])]
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda server: server.stop(), servers))

    def _endpoints(self) -> Endpoints:
        settings = self.settings
        own_neo4j = not settings.neo4j.url
        neo4j = Neo4j(self.home)
        app, pipeline, owner, superuser = self._postgres_urls()
        return Endpoints(
            postgres_app_url=app,
            postgres_pipeline_url=pipeline,
            postgres_owner_url=owner,
            postgres_superuser_url=superuser,
            neo4j_url=neo4j.url if own_neo4j else settings.neo4j.url,
            neo4j_user=USER if own_neo4j else settings.neo4j.user,
            neo4j_password=neo4j.password if own_neo4j else settings.neo4j.password.get_secret_value(),
            neo4j_browser_url=neo4j.browser_url if own_neo4j else None,
            redis_url=settings.redis.url.get_secret_value() or self._redis.url,
        )

    def _postgres_urls(self) -> tuple[str, str, str, str | None]:
        configured = self.settings.postgres
        app = configured.url.get_secret_value()
        if not app:
            url = self._postgres.url
            return url("app"), url("pipeline"), url("owner"), url("superuser")
        pipeline, owner = configured.pipeline_url.get_secret_value(), configured.owner_url.get_secret_value()
        if not (pipeline and owner):
            raise ConfigurationError(
                "KGQA_POSTGRES__URL is set, but KGQA_POSTGRES__PIPELINE_URL or KGQA_POSTGRES__OWNER_URL is not.",
                hint="set all three: the roles kgqa_app, kgqa_pipeline and kgqa_owner.",
            )
        return app, pipeline, owner, None


def _status(server: Server) -> ServerStatus:
    pid = server.running()
    ports = tuple(port for name in server.ports if (port := server.home.port(name)) is not None)
    return ServerStatus(
        name=server.name,
        embedded=True,
        running=pid is not None,
        pid=pid,
        ports=ports,
        memory_bytes=process.memory_bytes(pid) if pid is not None else 0,
    )


@contextmanager
def _sigterm_raises() -> Generator[None]:
    """SIGTERM ends the block like Ctrl-C does. Only the main thread may say so; elsewhere the caller has to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
