"""`python -m api.worker.pool`: the Celery processes that run jobs. Started, watched and restarted by the supervisor.

Connections and models are made in each process when its first job comes, never before the fork.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

from celery import Celery
from celery.signals import worker_process_shutdown

from api.worker.app import LONG_TASK, TASK, make_celery
from api.worker.perform import perform
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.stack import Stack
from kgqa.errors import DependencyUnavailable
from kgqa.logs import configure_logs
from kgqa.processes import follow_parent
from kgqa.settings import Settings, load_settings

CONCURRENCY = 2


class ProcessServices:
    """The services of one pool process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = ExitStack()
        self._built: Services | None = None

    def get(self) -> Services:
        """Built at the first call. Raises DependencyUnavailable."""
        if self._built is None:
            endpoints = Stack(self._settings).endpoints()
            if endpoints is None:
                raise DependencyUnavailable("The servers are not up.", hint="run `kgqa up` first.")
            self._built = self._open.enter_context(build_services(self._settings, endpoints))
        return self._built

    def close(self) -> None:
        """End the connections."""
        self._built = None
        self._open.close()


def register(celery: Celery, settings: Settings) -> None:
    """The two tasks: one with time limits, one without."""
    services = ProcessServices(settings)
    host = socket.gethostname()

    def run(job_id: int) -> None:
        built = services.get()
        perform(job_id, built.jobs, built, f"{host}:{os.getpid()}")

    def close(**_ignored: object) -> None:
        services.close()

    celery.task(run, name=TASK)
    celery.task(run, name=LONG_TASK, time_limit=None, soft_time_limit=None)
    worker_process_shutdown.connect(close, weak=False)


def node_name() -> str:
    """What this machine's worker is called on the broker."""
    return f"kgqa@{socket.gethostname()}"


def main() -> None:
    """Run until SIGTERM."""
    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.log_json)
    follow_parent(settings)
    endpoints = Stack(settings).endpoints()
    if endpoints is None:
        raise DependencyUnavailable("The servers are not up.", hint="run `kgqa up` first.")
    celery = make_celery(endpoints.redis_url)
    register(celery, settings)
    options = ["--pool=prefork", f"--concurrency={CONCURRENCY}", "--without-gossip", "--without-mingle"]
    celery.worker_main(["--quiet", "worker", *options, f"--hostname={node_name()}", "--loglevel=WARNING"])


if __name__ == "__main__":
    main()
