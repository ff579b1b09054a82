"""What the API uses of `kgqa.bootstrap.Services`, as ports: tests pass doubles."""

from __future__ import annotations

from typing import Protocol

from kgqa.ask.pipeline import AskServices
from kgqa.ports import Clock, Embedder, GraphStore, JobQueue, Library, Policy, SearchIndex
from kgqa.settings import Settings


class ApiServices(Protocol):
    """Everything that a resolver may reach."""

    @property
    def index(self) -> SearchIndex:
        """Chunks by keyword and vector."""
        ...

    @property
    def graph(self) -> GraphStore:
        """The walk."""
        ...

    @property
    def library(self) -> Library:
        """Documents and entities."""
        ...

    @property
    def jobs(self) -> JobQueue:
        """Asynchronous work."""
        ...

    @property
    def policy(self) -> Policy:
        """Who belongs to what."""
        ...

    @property
    def embedder(self) -> Embedder:
        """Vectors of questions."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def settings(self) -> Settings:
        """Limits."""
        ...

    def ask_services(self, collection: str) -> AskServices:
        """What asking uses."""
        ...
