"""The Celery application: how jobs travel. A message carries a job's id and nothing else; the record has the rest."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery
from kombu.exceptions import KombuError

from kgqa.errors import DependencyUnavailable
from kgqa.model.job import Job

#: a message that nobody took by then is worthless: the sweeper has published the job again
EXPIRES_SECONDS = 60
SOFT_LIMIT_SECONDS = 840
HARD_LIMIT_SECONDS = 900
TASK = "kgqa.job"
#: the same without a time limit, for work whose length the lake decides
LONG_TASK = "kgqa.long_job"
LONG_KINDS = frozenset({"reindex"})

_TRANSPORT = {
    # longer than the hard time limit, or Redis delivers a task again while it runs
    "visibility_timeout": 3_600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 10,
}


def make_celery(redis_url: str) -> Celery:
    """The application on this broker; reasons and measurements in docs/decisions/0007-graphql.md."""
    celery = Celery("kgqa", broker=redis_url, set_as_current=False)
    celery.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        task_time_limit=HARD_LIMIT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_TRANSPORT,
        result_backend_transport_options={"visibility_timeout": _TRANSPORT["visibility_timeout"]},
        visibility_timeout=_TRANSPORT["visibility_timeout"],
        task_default_queue="kgqa",
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=True,
    )
    return celery


def publisher(redis_url: str) -> Callable[[Job], None]:
    """Wakes a worker for a job; raises DependencyUnavailable when the broker does not take the message."""
    celery = make_celery(redis_url)
    celery.conf.broker_transport_options = {**_TRANSPORT, "socket_timeout": 2, "socket_connect_timeout": 2}

    def publish(job: Job) -> None:
        task = LONG_TASK if job.kind in LONG_KINDS else TASK
        try:
            celery.send_task(task, args=[job.id], expires=EXPIRES_SECONDS, retry=False)
        except (KombuError, OSError) as problem:
            raise DependencyUnavailable("The broker does not answer; the job waits in the record.") from problem

    return publish
