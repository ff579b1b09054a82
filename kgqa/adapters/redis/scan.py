"""Looking for a token in a whole Redis: every key of the database, and every value of every type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis

from kgqa.errors import DependencyUnavailable
from kgqa.model.erasure import Search
from kgqa.text.needle import Needle

TIMEOUT_SECONDS = 30
_PIECE = 1_000


def search_keys(url: str, needle: Needle) -> Search:
    """Streams; nothing is kept."""
    keys = values = 0
    found: dict[str, int] = {}
    for key, value in _everything(url):
        keys, values = keys + (value is None), values + (value is not None)
        if hits := needle.find_in([key if value is None else value]):
            name = key.decode("utf-8", "replace")
            found[name] = found.get(name, 0) + hits
    return Search(store="Redis", searched={"keys": keys, "values": values}, found=found)


def forget_keys(url: str, needle: Needle) -> int:
    """Remove every key that holds the token, and write the log of commands anew without what is gone; how many keys."""
    holding = {key for key, value in _everything(url) if needle.find_in([key if value is None else value])}
    try:
        with redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS) as client:
            removed = int(client.delete(*holding)) if holding else 0
            client.execute_command("BGREWRITEAOF")
    except redis.ResponseError:
        return 0  # a rewrite is under way, or this server may not be asked for one
    except redis.RedisError as problem:
        raise _unavailable(problem) from problem
    return removed


def _everything(url: str) -> Iterator[tuple[bytes, bytes | None]]:
    """(key, None) for each key, then (key, value) for each piece of what it holds."""
    try:
        with redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS) as client:
            for key in client.scan_iter(count=_PIECE):
                yield key, None
                for value in _values(client, key):
                    yield key, value
    except redis.RedisError as problem:
        raise _unavailable(problem) from problem


def _values(client: Any, key: bytes) -> Iterator[bytes]:  # redis-py's own types mix those of its two clients
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key) or b""
    elif kind == b"list":
        for start in range(0, client.llen(key), _PIECE):
            yield from client.lrange(key, start, start + _PIECE - 1)
    elif kind == b"hash":
        for field, value in client.hscan_iter(key, count=_PIECE):
            yield field + b"\n" + value
    elif kind == b"set":
        yield from client.sscan_iter(key, count=_PIECE)
    elif kind == b"zset":
        yield from (member for member, _ in client.zscan_iter(key, count=_PIECE))
    elif kind == b"stream":
        for _, fields in client.xrange(key):
            yield b"\n".join(part for pair in fields.items() for part in pair)


def _unavailable(problem: redis.RedisError) -> DependencyUnavailable:
    return DependencyUnavailable(f"Redis does not answer: {problem}", hint="run `kgqa status`.")
