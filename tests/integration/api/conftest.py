"""The API and its worker as real processes over real servers, on a database of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.auth import LIFETIME, make_token, token_secret
from kgqa.adapters.neo4j.admin import apply_schema
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.adapters.postgres.policy import PostgresPolicy
from kgqa.adapters.postgres.pool import open_pool
from kgqa.embedded.stack import Endpoints
from kgqa.settings import Settings

COLLECTION = "helpdesk"
LEASE_SECONDS = 3
MEMBERS = {
    "user:ivy": ["group:internal"],
    "user:omar": [],
    "user:olga": ["group:operators", "group:publishers"],
}
INGEST = """mutation ($input: IngestDocumentInput!) { ingestDocument(input: $input) {
    job { id } userErrors { code message } } }"""
JOB = "query ($id: ID!) { job(id: $id) { state attempt error progress } }"


def start(module: str, log: Path) -> subprocess.Popen[bytes]:
    """`python -m MODULE` in a session of its own, as an operator's shell would."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", module], stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )


@dataclass
class Worker:
    """The worker process, which tests start and kill."""

    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = start("api.worker", self.log)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)


@dataclass
class Served:
    """A client of the API, and what a test may look at or break."""

    url: str
    secret: str
    endpoints: Endpoints
    database: str
    worker: Worker
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, as_: str | None) -> dict[str, str]:
        if as_ is None:
            return {}
        return {"Authorization": f"Bearer {make_token(as_, self.secret, datetime.now(UTC) + LIFETIME)}"}

    def graphql(self, query: str, variables: Mapping[str, object] | None = None, *, as_: str | None = None) -> Any:
        body = {"query": query, "variables": variables}
        return httpx.post(f"{self.url}/graphql", json=body, headers=self.headers(as_), timeout=60).json()

    def put(self, key: str, text: str, *, as_: str, **given: object) -> str:
        """Upload a document; the id of its job."""
        upload = {"collection": COLLECTION, "key": key, "text": text, **given}
        payload = self.graphql(INGEST, {"input": upload}, as_=as_)["data"]["ingestDocument"]
        assert payload["userErrors"] == []
        return payload["job"]["id"]

    def wait(self, job: str, *, as_: str, seconds: float = 90) -> Any:
        """The job when it has ended."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.graphql(JOB, {"id": job}, as_=as_)["data"]["job"]
            if found["state"] not in ("QUEUED", "RUNNING"):
                return found
            assert time.monotonic() < deadline, (found, self.worker.log.read_text()[-3000:])
            time.sleep(0.1)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the record says."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def wait_for_owner(self, attempt: int, seconds: float = 60) -> int:
        """Process id of the pool process that runs the youngest job in this attempt."""
        deadline = time.monotonic() + seconds
        while True:
            query = "select lease_owner, attempt from job where state = 'running' order by id desc limit 1"
            found = self.rows(query)
            if found and found[0][1] == attempt:
                return int(found[0][0].rpartition(":")[2])
            assert time.monotonic() < deadline, self.worker.log.read_text()[-3000:]
            time.sleep(0.02)


@pytest.fixture(scope="module")
def served(settings: Settings, endpoints: Endpoints, template: str) -> Iterator[Served]:
    """The API with one worker, principals in place."""
    assert endpoints.postgres_superuser_url is not None
    name = f"kgqa_api_{uuid.uuid4().hex[:8]}"
    superuser_url = create_database(endpoints.postgres_superuser_url, name, template=template)
    environment = {
        "KGQA_HOME": str(settings.home),
        "KGQA_POSTGRES__URL": database_url(endpoints.postgres_app_url, name),
        "KGQA_POSTGRES__PIPELINE_URL": database_url(endpoints.postgres_pipeline_url, name),
        "KGQA_POSTGRES__OWNER_URL": database_url(endpoints.postgres_owner_url, name),
        "KGQA_MODELS__ENCODER": "hashing",
        "KGQA_LIMITS__JOB_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    with open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password) as driver:
        apply_schema(driver)
    with open_pool(environment["KGQA_POSTGRES__PIPELINE_URL"], 1) as pool:
        PostgresPolicy(pool).set_principals(MEMBERS)
    port_file = settings.home / "run" / "api.port"
    port_file.unlink(missing_ok=True)
    worker = Worker(settings.home / "logs" / "worker.log")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in environment.items():
            patch.setenv(variable, value)
        api = start("api", settings.home / "logs" / "api.log")
        worker.start()
        try:
            url = _ready(api, port_file, settings.home / "logs" / "api.log")
            yield Served(url, token_secret(settings), endpoints, superuser_url, worker)
        finally:
            codes = [worker.stop(), _stop(api)]
    drop_database(endpoints.postgres_superuser_url, name)
    assert codes == [0, 0]


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(30)


def _ready(api: subprocess.Popen[bytes], port_file: Path, log: Path) -> str:
    deadline = time.monotonic() + 60
    while True:
        assert api.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        if port_file.exists():
            url = f"http://127.0.0.1:{port_file.read_text()}"
            try:
                if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                    return url
            except httpx.HTTPError:
                pass
        time.sleep(0.1)


@pytest.fixture
def running(served: Served) -> Served:
    """The API with its worker running, whatever the test before did to it."""
    served.worker.start()
    return served


@pytest.fixture
def long_text() -> Callable[[], str]:
    """A document that takes a while to read, different at each call."""

    def make() -> str:
        token = uuid.uuid4().hex[:6]
        line = "The pump P{n} of Kestrel Seals in Oslo was checked by Dana Whitfield on line {token}-{n}."
        return "\n\n".join(line.format(n=n, token=token) for n in range(500))

    return make


@pytest.fixture
def events() -> Callable[[Served, str, str], list[Any]]:
    """The events of an answer over server-sent events."""

    def stream(served: Served, question: str, as_: str) -> list[Any]:
        query = """subscription ($q: String!, $c: String!) { answerEvents(question: $q, collection: $c) {
            __typename ... on TextDelta { text } ... on Finished { answer { answer } }
            ... on Failed { code } } }"""
        body = {"query": query, "variables": {"q": question, "c": COLLECTION}}
        headers = {**served.headers(as_), "Accept": "text/event-stream"}
        with httpx.stream("POST", f"{served.url}/graphql", json=body, headers=headers, timeout=60) as reply:
            lines = [line.removeprefix("data:").strip() for line in reply.iter_lines() if line.startswith("data:")]
        return [json.loads(line)["data"]["answerEvents"] for line in lines if line]

    return stream


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)
