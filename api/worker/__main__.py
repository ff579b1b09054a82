"""`python -m api.worker` runs jobs until SIGTERM; `--check` asks whether the worker of this machine answers.

This process is the supervisor: it starts the Celery pool, starts it again when it ends (kombu can die when its broker
is restarted), and sweeps. It holds no models.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from api.worker.app import make_celery, publisher
from api.worker.pool import node_name
from api.worker.sweeper import Sweeper
from kgqa.adapters.postgres.jobs import PostgresJobQueue
from kgqa.adapters.postgres.pool import open_pool
from kgqa.bootstrap import SystemClock
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import DependencyUnavailable, InvalidInput, KgqaError
from kgqa.logs import configure_logs, logger
from kgqa.processes import follow_parent
from kgqa.settings import Settings, child_environment, load_settings

log = logger(__name__)

SWEEP_SECONDS = 2.0
#: running jobs get this long to end after SIGTERM; what does not is taken over when its lease runs out
_WARM_SECONDS = 15
#: a pool that ends at once is not started again faster than this
_RESTART_SECONDS = 2.0
_CHECK_SECONDS = 5


def main(arguments: list[str]) -> None:
    """Supervise, or check."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level, as_json=settings.log_json)
        endpoints = Stack(settings).endpoints()
        if endpoints is None:
            raise DependencyUnavailable("The servers are not up.", hint="run `kgqa up` first.")
        if arguments == ["--check"]:
            sys.exit(0 if answers(endpoints) else 1)
        if arguments:
            raise InvalidInput(f"Not an option: {' '.join(arguments)}", hint="python -m api.worker [--check]")
        follow_parent(settings)
        supervise(settings, endpoints)
    except KgqaError as problem:
        sys.stderr.write(f"error: {problem}\n")
        sys.exit(os.EX_TEMPFAIL if problem.retryable else 1)  # a server that is away: start the worker again


def answers(endpoints: Endpoints) -> bool:
    """Whether the pool of this machine answers over the broker."""
    control = make_celery(endpoints.redis_url).control
    return bool(control.inspect(destination=[node_name()], timeout=_CHECK_SECONDS, limit=1).ping())


def supervise(settings: Settings, endpoints: Endpoints) -> None:
    """Keep a pool running and sweep, until SIGTERM or Ctrl-C."""
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with open_pool(endpoints.postgres_pipeline_url, 1) as connections:
        sweeper = Sweeper(
            PostgresJobQueue(connections),
            publisher(endpoints.redis_url),
            SystemClock(),
            max_attempts=settings.limits.job_attempts,
        )
        child = start_pool(settings)
        started = time.monotonic()
        try:
            while not ending.wait(SWEEP_SECONDS):
                if child.poll() is not None and time.monotonic() - started > _RESTART_SECONDS:
                    log.error("worker.pool.ended", code=child.returncode)
                    child, started = start_pool(settings), time.monotonic()
                sweeper.sweep()
        finally:
            stop_pool(child)


def start_pool(settings: Settings) -> subprocess.Popen[bytes]:
    """The Celery pool, in a process group of its own; it ends when we end."""
    environment = child_environment({"KGQA_HOME": str(settings.home), "KGQA_PARENT_PID": str(os.getpid())})
    return subprocess.Popen(
        [sys.executable, "-m", "api.worker.pool"], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )


def stop_pool(child: subprocess.Popen[bytes]) -> None:
    """Let running jobs end, then end the whole group."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_WARM_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("worker.pool.killed")
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    child.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
