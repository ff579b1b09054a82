"""The example lake in real stores, read by the one-document path with the real models: one world per lake."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.adapters.neo4j.admin import apply_schema, wipe
from kgqa.adapters.neo4j.driver import open_driver
from kgqa.adapters.postgres.admin import create_database, database_url, drop_database
from kgqa.bootstrap import Services, build_services
from kgqa.embedded.models import ensure_encoder
from kgqa.embedded.stack import Endpoints
from kgqa.ingest.pipeline import ingest_documents
from kgqa.model.delta import IngestDelta
from kgqa.model.document import RawDocument
from kgqa.settings import Settings
from spark.jobs.list_sources import read_access
from tests.integration.conftest import own_generation

EXAMPLES = Path(__file__).parent.parent.parent.parent / "examples"
COLLECTION = "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A lake that is ingested: services over a database and a generation of its own."""

    services: Services
    generation: int
    superuser_url: str
    folder: Path

    def documents(self) -> dict[str, RawDocument]:
        """The raw documents of the lake by key."""
        lake = self.folder / "lake"
        access = read_access(FolderLake(path=lake), None)
        return {
            f.key: RawDocument(
                collection=COLLECTION, key=f.key, uri=f"lake/{f.key}", data=(lake / f.key).read_bytes(),
                principals=access.of(f.key),
            )
            for f in FolderLake(path=lake).files()
        }  # fmt: skip

    def ingest(self, keys: Collection[str] | None = None) -> None:
        """Read documents (all of them) and bring them into both stores."""
        raws = [raw for key, raw in self.documents().items() if keys is None or key in keys]
        deltas = ingest_documents(raws, self.services.ingest_parts(COLLECTION))
        self.services.store.apply_delta(IngestDelta(collection=COLLECTION, upserts=tuple(deltas)))
        self.project()

    def delete(self, keys: Collection[str]) -> None:
        """Delete documents from both stores."""
        self.services.store.apply_delta(IngestDelta(collection=COLLECTION, deletions=tuple(sorted(keys))))
        self.project()

    def project(self) -> None:
        while self.services.graph.project():
            pass


MakeWorld = Callable[[Path], World]


@pytest.fixture(scope="session")
def make_world(settings: Settings, endpoints: Endpoints, template: str) -> Iterator[MakeWorld]:
    """Worlds with the dictionary and principals of a folder like examples/, still empty."""
    ensure_encoder(settings.cache)
    with ExitStack() as stack:
        yield partial(_make, stack, settings, endpoints, template)


def _make(stack: ExitStack, settings: Settings, endpoints: Endpoints, template: str, folder: Path) -> World:
    superuser = endpoints.postgres_superuser_url
    assert superuser is not None
    name = f"kgqa_world_{uuid.uuid4().hex[:8]}"
    superuser_url = create_database(superuser, name, template=template)
    stack.callback(drop_database, superuser, name)
    driver = stack.enter_context(open_driver(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password))
    apply_schema(driver)
    own = dataclasses.replace(
        endpoints,
        postgres_app_url=database_url(endpoints.postgres_app_url, name),
        postgres_pipeline_url=database_url(endpoints.postgres_pipeline_url, name),
        postgres_owner_url=database_url(endpoints.postgres_owner_url, name),
    )
    generation = own_generation(own.postgres_owner_url)
    stack.callback(wipe, driver, generation)
    services = stack.enter_context(build_services(settings, own))
    services.store.set_dictionary(COLLECTION, json.loads((folder / "dictionary.json").read_text(encoding="utf-8")))
    services.policy.set_principals(json.loads((folder / "principals.json").read_text(encoding="utf-8")))
    return World(services=services, generation=generation, superuser_url=superuser_url, folder=folder)


@pytest.fixture(scope="session")
def full(make_world: MakeWorld) -> World:
    """All of the committed lake. Tests only read it."""
    world = make_world(EXAMPLES)
    world.ingest()
    return world


@pytest.fixture(scope="session")
def public_only(make_world: MakeWorld) -> World:
    """The committed lake without the documents that `public` may not read. Tests only read it."""
    world = make_world(EXAMPLES)
    world.ingest({key for key, raw in world.documents().items() if "public" in raw.principals})
    return world
