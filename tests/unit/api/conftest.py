"""The API over services in memory: what a caller may see is a set of document ids by subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import make_token
from kgqa.errors import DependencyUnavailable, NotFound
from kgqa.model.answer import Caller, View
from kgqa.model.entity import Entity, Relation
from kgqa.model.job import Job
from kgqa.model.library import Collection, DocumentView, Neighbourhood, Page
from kgqa.settings import ApiSettings, Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "only for tests"
GROUPS = {
    "user:ivy": ("group:internal",),
    "user:omar": (),
    "user:olga": ("group:operators", "group:publishers"),
}


def document_view(number: int, key: str, collection: str = "test") -> DocumentView:
    return DocumentView(
        id=number, key=key, collection=collection, title=f"Title of {key}", uri=f"file:///{key}",
        media_type="text/plain", language="en", text="Ärger mit der Pumpe.", metadata={"author": "Kim"},
        outcome="indexed", reason="",
    )  # fmt: skip


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Groups:
    def caller(self, subject: str) -> Caller:
        groups = GROUPS.get(subject)
        own = () if groups is None else (subject, *groups)
        return Caller(subject=subject, principals=tuple(sorted({"public", *own})))


@dataclass
class MemoryLibrary:
    """Documents by id with their readers; entities of the collection `test`."""

    documents: dict[int, tuple[DocumentView, frozenset[str]]] = field(default_factory=dict)
    entities_by_id: dict[int, Entity] = field(default_factory=dict)
    reads: int = 0
    broken: Exception | None = None

    def document(self, caller: Caller, document_id: int) -> DocumentView | None:
        self.reads += 1
        if self.broken:
            raise self.broken
        view, readers = self.documents.get(document_id, (None, frozenset[str]()))
        return view if readers & set(caller.principals) else None

    def collections(self, caller: Caller) -> Sequence[Collection]:
        return [Collection(id=1, name="test", dictionary={}, documents=2, chunks=3)]

    def entity(self, view: View, entity_id: int) -> Entity | None:
        return self.entities_by_id.get(entity_id)

    def entities(self, view: View, *, text: str | None, first: int, after: str | None) -> Page[Entity]:
        found = [e for e in self.entities_by_id.values() if not text or text in e.name]
        start = int(after or 0)
        items = found[start : start + first]
        cursors = tuple(str(start + n) for n in range(1, len(items) + 1))
        has_next = start + first < len(found)
        return Page(items=tuple(items), cursors=cursors, has_next=has_next, total=len(found))

    def neighbourhood(self, view: View, entity_id: int, *, limit: int) -> Neighbourhood:
        relation = Relation(id=9, subject=1, predicate="make", object=2, chunk_ids=(7,))
        return Neighbourhood(
            entities=tuple(self.entities_by_id.values())[:limit], relations=(relation,), truncated=False
        )


@dataclass
class MemoryJobs:
    """Implements `ports.JobQueue` without leases: for what the API does."""

    rows: dict[int, Job] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    def enqueue(self, kind: str, payload: Mapping[str, object], *, key: str, requested_by: str) -> Job:
        if key not in self.keys:
            number = self.keys[key] = len(self.rows) + 1
            self.rows[number] = Job(
                id=number, kind=kind, state="queued", attempt=0, payload=payload, progress={}, error=None,
                requested_by=requested_by, created_at=NOW,
            )  # fmt: skip
        return self.rows[self.keys[key]]

    def job(self, caller: Caller, job_id: int) -> Job | None:
        found = self.rows.get(job_id)
        return found if found and found.requested_by == caller.subject else None


class MemoryIndex:
    def view(self, caller: Caller, collection: str) -> View:
        if collection != "test":
            raise NotFound
        return View(caller=caller, collection=collection, collection_id=1, generation=1, classes=(1,))


@dataclass
class Services:
    settings: Settings
    index: MemoryIndex = field(default_factory=MemoryIndex)
    library: MemoryLibrary = field(default_factory=MemoryLibrary)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    policy: Groups = field(default_factory=Groups)
    clock: FixedClock = field(default_factory=FixedClock)
    published: list[int] = field(default_factory=list)
    broker_is_away: bool = False

    def ask_services(self, collection: str) -> Any:
        raise AssertionError("no test of this folder asks")

    def publish(self, job: Job) -> None:
        if self.broker_is_away:
            raise DependencyUnavailable
        self.published.append(job.id)


def bearer(subject: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(subject, SECRET, NOW + timedelta(hours=1))}"}


@dataclass
class Api:
    """A client that speaks GraphQL."""

    client: TestClient
    services: Services

    def post(self, query: str, variables: Mapping[str, object] | None = None, *, as_: str | None = None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | (bearer(as_) if as_ else {})
        return self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    def __call__(self, query: str, variables: Mapping[str, object] | None = None, *, as_: str | None = None):
        return self.post(query, variables, as_=as_).json()


def make_api(settings: Settings, checks: Mapping[str, Callable[[], bool]] | None = None) -> Api:
    services = Services(settings)
    app = create_app(
        services,
        secret=SECRET,
        publish=services.publish,
        checks=checks or {},
        job_counts=lambda: {("queued", "x"): 2},
        stream_totals=lambda: {("kafka:events", "upsert"): (7, 1.5), ("kafka:events", "stale"): (2, None)},
    )  # fmt: skip
    return Api(TestClient(app, raise_server_exceptions=False), services)


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    made = make_api(settings)
    made.services.library.documents = {
        1: (document_view(1, "pump.md"), frozenset({"public"})),
        2: (document_view(2, "prices.csv"), frozenset({"group:internal"})),
        3: (document_view(3, "upload/user:omar/note.txt"), frozenset({"user:omar"})),
    }
    made.services.library.entities_by_id = {
        n: Entity(id=n, name=name, type="ORG", aliases=(name,), mentions=2, documents=1)
        for n, name in enumerate(("Kestrel Seals", "Northline", "Vantor"), start=1)
    }
    with made.client:
        yield made


@pytest.fixture
def production(settings: Settings) -> Iterator[Api]:
    """Without GraphiQL, introspection and development tokens."""
    made = make_api(settings.model_copy(update={"api": ApiSettings(development=False)}))
    with made.client:
        yield made


@pytest.fixture
def api_with_checks(settings: Settings) -> Callable[..., Api]:
    """`api_with_checks(postgres=lambda: True)`"""
    return lambda **checks: make_api(settings, checks)


@pytest.fixture
def end_job() -> Callable[..., None]:
    def end(services: Services, number: int, **changes: object) -> None:
        services.jobs.rows[number] = replace(services.jobs.rows[number], **changes)

    return end
