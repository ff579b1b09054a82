"""`python -m api` serves; `python -m api token user:NAME` prints a development token. The servers have to be up."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import uvicorn

from api.app import create_app
from api.auth import LIFETIME, make_token, token_secret
from api.http.health import Checks
from api.worker.app import publisher
from kgqa.adapters.neo4j import admin as neo4j
from kgqa.adapters.postgres import admin as postgres
from kgqa.adapters.redis import admin as redis
from kgqa.bootstrap import SystemClock, build_services
from kgqa.embedded.home import Home
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import ConfigurationError, DependencyUnavailable, InvalidInput, KgqaError
from kgqa.logs import configure_logs
from kgqa.processes import follow_parent
from kgqa.settings import Settings, load_settings

#: requests in flight get this long to end after SIGTERM
_SHUTDOWN_SECONDS = 10


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM, or print a token."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level, as_json=settings.log_json)
        if arguments[:1] == ["token"] and len(arguments) == 2:
            print(token(arguments[1], settings))  # noqa: T201 - what was asked for
        elif not arguments:
            follow_parent(settings)
            serve(settings)
        else:
            raise InvalidInput(f"Not a command: {' '.join(arguments)}", hint="python -m api [token user:NAME]")
    except KgqaError as problem:
        sys.exit(f"error: {problem}")


def token(subject: str, settings: Settings) -> str:
    """A development token."""
    if not settings.api.development:
        raise ConfigurationError("Development tokens are off.", hint="set KGQA_API__DEVELOPMENT=true.")
    try:
        return make_token(subject, token_secret(settings), SystemClock().now() + LIFETIME)
    except ValueError as problem:
        raise InvalidInput(str(problem)) from None


def endpoints_of(settings: Settings) -> Endpoints:
    """Where the servers are. Raises DependencyUnavailable when they are not up."""
    endpoints = Stack(settings).endpoints()
    if endpoints is None:
        raise DependencyUnavailable("The servers are not up.", hint="run `kgqa up` first.")
    return endpoints


def serve(settings: Settings) -> None:
    """Build everything, listen, and serve until SIGTERM or Ctrl-C."""
    # uvicorn raises the signal again when it has ended; everything that is open is closed on the way out
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    endpoints = endpoints_of(settings)
    with build_services(settings, endpoints) as services, _listen(settings) as listening:
        app = create_app(
            services,
            secret=token_secret(settings),
            publish=publisher(endpoints.redis_url),
            checks=server_checks(endpoints),
            job_counts=services.jobs.counts,
            stream_totals=services.events.totals,
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=_SHUTDOWN_SECONDS, ws="none"
        )
        uvicorn.Server(config).run(sockets=[listening])


def server_checks(endpoints: Endpoints) -> Checks:
    """What has to answer before the API is ready."""
    return {
        "postgres": lambda: postgres.answers(endpoints.postgres_app_url),
        "neo4j": lambda: neo4j.answers(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password),
        "redis": lambda: redis.answers(endpoints.redis_url),
    }


def _listen(settings: Settings) -> socket.socket:
    """A listening socket; its port is written to `run/api.port` of the home."""
    home = Home(settings.home)
    home.make()
    port = settings.api.port or home.free_port("api")
    family = socket.AF_INET6 if ":" in settings.api.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.api.host, port))
    except OSError as problem:
        listening.close()
        raise ConfigurationError(
            f"Cannot listen on {settings.api.host}:{port}: {problem.strerror}", hint="change KGQA_API__PORT."
        ) from None
    listening.listen(128)
    _write(home.path / "run" / "api.port", str(port))
    return listening


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
