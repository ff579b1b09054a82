"""What the API uses of `kgqa.bootstrap.Services`, as ports: tests pass doubles."""

from __future__ import annotations

from typing import Protocol

from kgqa.ask.pipeline import AskServices
from kgqa.model.answer import Answer, Caller
from kgqa.ports import Clock, JobQueue, Library, Policy, SearchIndex
from kgqa.settings import Settings


class ApiServices(Protocol):
    """Everything that a resolver may reach."""

    @property
    def index(self) -> SearchIndex:
        """Views, and texts of chunks."""
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
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def settings(self) -> Settings:
        """Limits."""
        ...

    def reveal(self, caller: Caller, collection: str, answer: Answer) -> Answer:
        """The answer with the masked values that the caller may see."""
        ...

    def ask_services(self, collection: str) -> AskServices:
        """What asking uses."""
        ...
