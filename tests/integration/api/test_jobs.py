"""Nothing acknowledged is lost, nothing is done twice: workers are killed and the broker is wiped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import redis

from api.graphql.ids import encode
from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.adapters.postgres.pool import open_pool
from kgqa.model.document import Source

VERSIONS = """select count(*) from current_document d join document_version v on v.document_id = d.id
    where d.key = %s"""


def is_done_once(served, job: str, key: str, attempts: int) -> None:
    ended = served.wait(job, as_="user:omar")
    assert (ended["state"], ended["attempt"]) == ("DONE", attempts), ended
    assert served.rows(VERSIONS, f"upload/user:omar/{key}") == [(1,)]


def test_a_job_whose_process_is_killed_is_done_once(running, long_text) -> None:
    job = running.put("killed-child.txt", long_text(), as_="user:omar")
    os.kill(running.wait_for_owner(attempt=1), signal.SIGKILL)
    is_done_once(running, job, "killed-child.txt", attempts=2)


def test_a_job_whose_worker_is_killed_is_done_once_by_the_next(running, long_text) -> None:
    job = running.put("killed-worker.txt", long_text(), as_="user:omar")
    child = running.wait_for_owner(attempt=1)
    group = os.getpgid(child)
    running.worker.stop(signal.SIGKILL)
    with suppress(ProcessLookupError):  # it follows its parent
        os.killpg(group, signal.SIGKILL)
    running.worker.start()
    is_done_once(running, job, "killed-worker.txt", attempts=2)


def test_jobs_survive_a_broker_that_forgets_everything(running) -> None:
    assert running.worker.stop() == 0
    jobs = [running.put(f"wiped-{n}.txt", f"Note {n} about Kestrel Seals.", as_="user:omar") for n in range(5)]
    with redis.Redis.from_url(running.endpoints.redis_url) as broker:
        assert broker.llen("kgqa") >= 5
        broker.flushall()
    running.worker.start()
    for n, job in enumerate(jobs):
        is_done_once(running, job, f"wiped-{n}.txt", attempts=1)


def test_a_job_that_kills_every_process_is_dead_and_others_go_on(running, long_text) -> None:
    job = running.put("poison.txt", long_text(), as_="user:omar")
    for attempt in (1, 2, 3):
        os.kill(running.wait_for_owner(attempt), signal.SIGKILL)
    ended = running.wait(job, as_="user:omar")
    assert (ended["state"], ended["attempt"]) == ("DEAD", 3)
    assert running.rows("select count(*) from job where payload ? 'content' and state = 'dead'") == [(0,)]
    after = running.put("after.txt", "The queue drains.", as_="user:omar")
    is_done_once(running, after, "after.txt", attempts=1)


def test_a_deletion_waits_for_the_upload_before_it(running, long_text) -> None:
    first = running.put("ordered.txt", "First version.", as_="user:omar")
    running.wait(first, as_="user:omar")
    ((number,),) = running.rows("select id from document where key = 'upload/user:omar/ordered.txt'")
    running.put("ordered.txt", long_text(), as_="user:omar")
    query = "mutation ($id: ID!) { deleteDocument(id: $id) { job { id } } }"
    deletion = running.graphql(query, {"id": encode("Document", number)}, as_="user:omar")
    ended = running.wait(deletion["data"]["deleteDocument"]["job"]["id"], as_="user:omar")
    assert ended["state"] == "DONE"
    assert running.rows(VERSIONS, "upload/user:omar/ordered.txt") == [(0,)]


def test_a_worker_that_hangs_loses_its_job_and_writes_nothing(running, long_text) -> None:
    job = running.put("frozen.txt", long_text(), as_="user:omar")
    frozen = running.wait_for_owner(attempt=1)
    os.kill(frozen, signal.SIGSTOP)
    try:
        is_done_once(running, job, "frozen.txt", attempts=2)
    finally:
        os.kill(frozen, signal.SIGCONT)
    after = running.put("thawed.txt", "The next job.", as_="user:omar")
    is_done_once(running, after, "thawed.txt", attempts=1)
    is_done_once(running, job, "frozen.txt", attempts=2)


def test_a_reindex_reads_the_known_sources_again_with_spark_and_their_access_lists(running, tmp_path) -> None:
    lake, access = tmp_path / "lake", tmp_path / "readers.json"
    lake.mkdir()
    (lake / "depot.txt").write_text("The Marlin depot stands in Haugesund.")
    access.write_text('{"default": ["group:internal"]}')
    with open_pool(running.database, 1) as pool:
        source = Source(uri=lake.as_uri(), access_uri=access.as_uri())
        PostgresDocumentStore(pool).remember_source("lake", source)
    query = 'mutation { reindex(collection: "lake") { job { id } userErrors { code } } }'
    accepted = running.graphql(query, as_="user:olga")["data"]["reindex"]
    ended = running.wait(accepted["job"]["id"], as_="user:olga", seconds=300)
    assert ended["state"] == "DONE", ended
    assert ended["progress"]["stage"]
    found = '{ search(query: "Marlin depot", collection: "lake", first: 1) { text } }'
    expected = [{"text": "The Marlin depot stands in Haugesund."}]
    assert running.graphql(found, as_="user:ivy")["data"]["search"] == expected
    assert running.graphql(found)["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_the_check_asks_the_pool_of_this_machine(running) -> None:
    def check() -> int:
        command = [sys.executable, "-m", "api.worker", "--check"]
        return subprocess.run(command, timeout=60, check=False).returncode

    deadline = time.monotonic() + 60
    while check() != 0:
        assert time.monotonic() < deadline
    running.worker.stop()
    assert check() == 1
