"""`kgqa doctor`: everything that has to hold on this machine, each with what to do when it does not."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from kgqa.embedded.home import Home
from kgqa.embedded.jars import Engine, locked_jars, missing_jars
from kgqa.embedded.java import RELEASE, java_home, release_of
from kgqa.embedded.models import encoder_directory, encoder_is_intact
from kgqa.embedded.stack import Endpoints, Stack
from kgqa.errors import KgqaError
from kgqa.settings import Settings

DISK_BYTES = 3_000_000_000
MEMORY_BYTES = 3_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    #: what was found
    detail: str
    #: what to do when it is not ok; empty otherwise
    hint: str = ""


def doctor(settings: Settings) -> Sequence[Check]:
    """Look at everything. Changes nothing, and no problem stops the checks after it."""
    return [
        _python(),
        _java(),
        _jars("neo4j", settings),
        _jars("spark", settings),
        _models(settings),
        _disk("home", settings.home),
        _disk("cache", settings.cache),
        _memory(),
        _home(settings),
        *_servers(settings),
    ]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", ok=sys.version_info[:2] == (3, 11), detail=found, hint="start kgqa with ./run kgqa")


def _java() -> Check:
    try:
        home = java_home()
    except KgqaError as problem:
        return Check(name="java", ok=False, detail=problem.message, hint=problem.hint or "")
    return Check(
        name="java",
        ok=release_of(home) == RELEASE,
        detail=f"release {release_of(home)} in {home}",
        hint=f"set JAVA_HOME to a Java {RELEASE}, or unset it",
    )


def _jars(engine: Engine, settings: Settings) -> Check:
    missing = missing_jars(engine, settings.cache)
    count = len(locked_jars(engine))
    size = sum(jar.size for jar in missing) / 1e6
    return Check(
        name=f"jars of {engine}",
        ok=not missing,
        detail=f"{len(missing)} of {count} missing ({size:.0f} MB)" if missing else f"{count}, all with the right hash",
        hint="`kgqa up` downloads them" if missing else "",
    )


def _models(settings: Settings) -> Check:
    directory = encoder_directory(settings.cache)
    if settings.models.encoder == "hashing":
        return Check(name="models", ok=True, detail="the hashing encoder needs none")
    if not directory.exists():
        return Check(name="models", ok=False, detail=f"{directory} is missing", hint="`kgqa up` builds it")
    ok = encoder_is_intact(settings.cache)
    hint = "" if ok else f"remove {directory} and run `kgqa up`"
    return Check(name="models", ok=ok, detail=str(directory), hint=hint)


def _disk(name: str, path: Path) -> Check:
    existing = next(place for place in (path, *path.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    return Check(
        name=f"disk of {name}",
        ok=free > DISK_BYTES,
        detail=f"{free / 1e9:.1f} GB free at {path}",
        hint="" if free > DISK_BYTES else f"free some space, or set KGQA_{name.upper()} to a larger disk",
    )


def _memory() -> Check:
    free = psutil.virtual_memory().available
    return Check(
        name="memory",
        ok=free > MEMORY_BYTES,
        detail=f"{free / 1e9:.1f} GB available, {os.cpu_count()} cores",
        hint="" if free > MEMORY_BYTES else "the servers need 1 GB and a Spark ingest 3 GB; stop something",
    )


def _home(settings: Settings) -> Check:
    home = Home(settings.home)
    if not home.path.exists():
        return Check(name="home", ok=True, detail=f"{home.path} will be made by `kgqa up`")
    ok = os.access(home.path, os.W_OK | os.X_OK)
    hint = "" if ok else "it belongs to another user: set KGQA_HOME"
    return Check(name="home", ok=ok, detail=str(home.path), hint=hint)


def _servers(settings: Settings) -> list[Check]:
    stack = Stack(settings)
    checks: list[Check] = []
    for server in stack.status().servers:
        if not server.embedded:
            continue
        place = ", ".join(map(str, server.ports)) or "none yet"
        taken = not server.running and any(_answers("127.0.0.1", port) for port in server.ports)
        detail = f"process {server.pid}, ports {place}" if server.running else f"not running, ports {place}"
        hint = "" if server.running else "`kgqa up` starts it"
        if taken:
            detail, hint = f"{detail} (taken by another program)", "`kgqa up` chooses other ports"
        checks.append(Check(name=server.name, ok=server.running, detail=detail, hint=hint))
    try:
        endpoints = stack.endpoints()
    except KgqaError as problem:
        return [*checks, Check(name="settings", ok=False, detail=problem.message, hint=problem.hint or "")]
    return [*checks, *(_versions(endpoints) if endpoints else ())]


def _versions(endpoints: Endpoints) -> list[Check]:
    from kgqa.adapters.neo4j import admin as neo4j  # the three clients take two seconds to import
    from kgqa.adapters.postgres import admin as postgres
    from kgqa.adapters.redis import admin as redis

    user, password = endpoints.neo4j_user, endpoints.neo4j_password
    return [
        _version("postgres version", lambda: postgres.server_version(endpoints.postgres_app_url)),
        _version("neo4j version", lambda: neo4j.server_version(endpoints.neo4j_url, user, password)),
        _version("redis version", lambda: redis.server_version(endpoints.redis_url)),
    ]


def _version(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=ask())
    except KgqaError as problem:
        return Check(name=name, ok=False, detail=problem.message, hint=problem.hint or "")


def _answers(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
