"""What one request carries: its caller, resolved once, and readers that are never shared with another request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

import anyio
import strawberry
from anyio import to_thread
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext

from api.services import ApiServices
from kgqa.model.answer import Caller, View
from kgqa.model.job import Job
from kgqa.model.library import DocumentView

P = ParamSpec("P")
R = TypeVar("R")

#: wakes a worker; may fail, the sweeper publishes again
Publish = Callable[[Job], None]


class RequestContext(BaseContext):
    """The context of a GraphQL operation. Blocking calls go through `run`."""

    def __init__(
        self,
        *,
        services: ApiServices,
        caller: Caller,
        limiter: anyio.CapacityLimiter,
        publish: Publish,
        request_id: str,
    ) -> None:
        super().__init__()
        self.services = services
        self.caller = caller
        self.publish = publish
        self.request_id = request_id
        self.limiter = limiter
        self.documents: DataLoader[int, DocumentView | None] = DataLoader(load_fn=self._load_documents)
        self._views: dict[str, asyncio.Task[View]] = {}

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a blocking function in a thread; no more at once than the stores have connections."""
        return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=self.limiter)

    async def view(self, collection: str) -> View:
        """What the caller reads of a collection: the same for the whole request. Raises NotFound."""
        if collection not in self._views:
            read = self.run(self.services.index.view, self.caller, collection)
            self._views[collection] = asyncio.ensure_future(read)
        return await self._views[collection]

    async def _load_documents(self, ids: Sequence[int]) -> list[DocumentView | None]:
        def load() -> list[DocumentView | None]:
            return [self.services.library.document(self.caller, id_) for id_ in ids]

        return await self.run(load)


Info: TypeAlias = strawberry.Info[RequestContext, None]
