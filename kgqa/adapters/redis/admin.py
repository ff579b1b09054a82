"""Asking a Redis whether it works."""

from __future__ import annotations

import redis

TIMEOUT_SECONDS = 5


def answers(url: str) -> bool:
    """Whether the server lets us in and has loaded its data."""
    try:
        with redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def server_version(url: str) -> str:
    """Version of the server. Raises redis.RedisError."""
    with redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS) as client:
        return str(client.info("server")["redis_version"])
