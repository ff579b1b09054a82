"""The embedded servers as a whole: one home with all three, killed and started again."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable

import httpx
import neo4j
import psutil
import psycopg
import pytest
import redis

from kgqa.embedded.doctor import doctor
from kgqa.embedded.stack import Endpoints, Stack

SERVERS = ("postgres", "neo4j", "redis")


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    stack = make_stack("all", *SERVERS)
    stack.up()
    return stack


@pytest.fixture
def endpoints(stack: Stack) -> Endpoints:
    return stack.up()


def write(endpoints: Endpoints, value: str) -> None:
    with psycopg.connect(endpoints.postgres_owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))
    with graph(endpoints) as driver:
        driver.execute_query("CREATE (:Kept {value: $value})", {"value": value})
    with redis.Redis.from_url(endpoints.redis_url, decode_responses=True) as client:
        client.rpush("kept", value)


def read(endpoints: Endpoints) -> list[set[str]]:
    with psycopg.connect(endpoints.postgres_owner_url) as connection:
        in_postgres = {row[0] for row in connection.execute("SELECT value FROM kept")}
    with graph(endpoints) as driver:
        in_neo4j = {
            record["value"] for record in driver.execute_query("MATCH (k:Kept) RETURN k.value AS value").records
        }
    with redis.Redis.from_url(endpoints.redis_url, decode_responses=True) as client:
        in_redis = set(client.lrange("kept", 0, -1))
    return [in_postgres, in_neo4j, in_redis]


def graph(endpoints: Endpoints) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(endpoints.neo4j_url, auth=(endpoints.neo4j_user, endpoints.neo4j_password))


def pids(stack: Stack) -> dict[str, int | None]:
    return {server.name: server.pid for server in stack.status().servers}


def test_a_second_up_finds_the_running_servers(stack: Stack, endpoints: Endpoints):
    before = pids(stack)
    assert Stack(stack.settings).up() == endpoints
    assert pids(stack) == before
    assert Stack(stack.settings).endpoints() == endpoints


def test_the_idle_stack_needs_less_than_two_gigabytes(stack: Stack, endpoints: Endpoints):
    status = stack.status()
    assert all(server.running and server.memory_bytes > 1_000_000 for server in status.servers)
    assert status.memory_bytes < 2e9


def test_neo4j_browser_is_served(endpoints: Endpoints):
    assert endpoints.neo4j_browser_url is not None
    reply = httpx.get(endpoints.neo4j_browser_url)
    assert reply.status_code == 200
    assert "Neo4j Browser" in reply.text


def test_nobody_gets_in_without_the_password(endpoints: Endpoints):
    assert endpoints.postgres_superuser_url is not None
    address = endpoints.postgres_superuser_url.rpartition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@{address}")
    with (
        neo4j.GraphDatabase.driver(endpoints.neo4j_url, auth=("neo4j", "neo4j")) as driver,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        driver.verify_connectivity()
    with (
        redis.Redis(port=int(endpoints.redis_url.rpartition(":")[2].split("/")[0])) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_passwords_are_not_in_the_process_list_or_readable_by_others(stack: Stack, endpoints: Endpoints):
    secrets = [path.read_text() for path in (stack.home.path / "secrets").iterdir()]
    for pid in pids(stack).values():
        line = " ".join(psutil.Process(pid).cmdline())
        assert not [secret for secret in secrets if secret in line]
    files = [path for path in stack.home.path.rglob("*") if path.is_file() and path.stat().st_uid == os.getuid()]
    for path in files:
        if path.stat().st_mode & stat.S_IROTH and os.access(path, os.R_OK) and path.stat().st_size < 1_000_000:
            assert not [secret for secret in secrets if secret.encode() in path.read_bytes()], path


@pytest.mark.parametrize("victim", SERVERS)
def test_a_killed_server_is_started_again_with_its_data(stack: Stack, endpoints: Endpoints, victim: str):
    write(endpoints, f"before {victim} was killed")
    before = pids(stack)
    pid = before[victim]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    again = stack.up()
    assert all(f"before {victim} was killed" in found for found in read(again))
    after = pids(stack)
    assert {name for name in SERVERS if before[name] != after[name]} == {victim}


def test_a_killed_postgres_that_nobody_has_reaped_is_started_again(stack: Stack, endpoints: Endpoints):
    pid = pids(stack)["postgres"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # as after a start that failed while it was on its way out: the file names that start, nobody asks for the zombie
    (stack.home.path / "run" / "postgres").unlink()
    psycopg.connect(stack.up().postgres_owner_url).close()


def test_all_killed_at_once_come_back_with_their_data(stack: Stack, endpoints: Endpoints):
    write(endpoints, "before all were killed")
    for pid in pids(stack).values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert stack.endpoints() is None
    assert all("before all were killed" in found for found in read(stack.up()))


def test_the_doctor_finds_everything_in_order(stack: Stack, endpoints: Endpoints):
    from kgqa.embedded.jars import ensure_jars
    from kgqa.embedded.models import ensure_encoder

    ensure_jars("spark", stack.settings.cache)
    ensure_encoder(stack.settings.cache)
    checks = {check.name: check for check in doctor(stack.settings)}
    assert not [check for check in checks.values() if not check.ok]
    assert checks["postgres version"].detail == "18.6"
    assert checks["neo4j version"].detail == "5.26.30"
    assert checks["redis version"].detail.startswith("6.2")


def test_down_stops_all_and_the_doctor_says_how_to_start(stack: Stack, endpoints: Endpoints):
    before = pids(stack)
    stack.down()
    assert stack.endpoints() is None
    assert not [pid for pid in before.values() if pid is not None and psutil.pid_exists(pid)]
    stopped = {check.name: check for check in doctor(stack.settings) if not check.ok}
    assert {"postgres", "neo4j", "redis"} <= stopped.keys()
    assert all("kgqa up" in stopped[name].hint for name in SERVERS)
