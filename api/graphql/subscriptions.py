"""Answers as they come about, streamed over server-sent events. A client that leaves stops the work."""

# ruff: noqa: D102 - fields say in the schema what they are

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import strawberry

from api.context import Info
from api.graphql.queries import DEFAULT_COLLECTION
from api.graphql.types import answers
from kgqa.ask.pipeline import answer_events
from kgqa.model.answer import AnswerEvent


@strawberry.type(description="Streams.")
class Subscription:
    """The root of streams."""

    @strawberry.subscription(description="The events of one answer.")
    async def answer_events(
        self, info: Info, question: str, collection: str = DEFAULT_COLLECTION
    ) -> AsyncGenerator[answers.AnswerEvent, None]:
        context = info.context
        services = await context.run(context.services.ask_services, collection)
        events = answer_events(question, context.caller, collection, services)
        try:
            while (event := await context.run(_next, events)) is not None:
                yield answers.event(event)
        finally:
            close = getattr(events, "close", None)
            if close:
                close()


def _next(events: Iterator[AnswerEvent]) -> AnswerEvent | None:
    return next(events, None)
