"""What can be read. Every field resolves under the caller's view; what is hidden looks like what does not exist."""

# ruff: noqa: D102 - fields say in the schema what they are

from __future__ import annotations

from dataclasses import replace

import strawberry
from strawberry import relay

from api.context import Info
from api.graphql import ids
from api.graphql.limits import LARGEST_PAGE
from api.graphql.types import answers as answer_types
from api.graphql.types import documents as document_types
from api.graphql.types import entities as entity_types
from api.graphql.types import jobs as job_types
from api.services import ApiServices
from kgqa.ask.cite import in_language
from kgqa.ask.pipeline import answer
from kgqa.ask.rank import rank
from kgqa.errors import InvalidInput, NotFound
from kgqa.model.answer import Answer, AskOptions, Caller, EvidenceChunk, View

DEFAULT_COLLECTION = "default"


@strawberry.type(description="Reading.")
class Query:
    """The root of reads."""

    @strawberry.field(description="Any object by its global id.")
    async def node(self, info: Info, id: strawberry.ID) -> relay.Node | None:
        kind, _ = ids.decode(id)
        match kind:
            case "Document":
                return await _document(info, id)
            case "Entity":
                return await _entity(info, id)
            case "Job":
                return await _job(info, id)
            case _:
                raise InvalidInput("This is not an id.", hint="use ids as the API returns them.")

    @strawberry.field(
        description="A cited answer from what the caller may read. `unmask` shows the masked personal data that the "
        "caller may see; offsets of quotes go on counting in the masked text."
    )
    async def ask(
        self,
        info: Info,
        question: str,
        collection: str = DEFAULT_COLLECTION,
        unmask: bool = False,  # noqa: FBT001 - an argument of the schema
    ) -> answer_types.Answer | None:
        context = info.context
        found = await context.run(_ask, question, context.caller, collection, context.services, unmask=unmask)
        return answer_types.answer(found)

    @strawberry.field(description="The best chunks for a query, best first.")
    async def search(
        self, info: Info, query: str, first: int, collection: str = DEFAULT_COLLECTION
    ) -> list[document_types.Passage] | None:
        view = await info.context.view(collection)
        found = await info.context.run(_search, query, view, info.context.services, page_size(first))
        return [document_types.passage(chunk) for chunk in found]

    @strawberry.field(description="A document by its global id.")
    async def document(self, info: Info, id: strawberry.ID) -> document_types.Document | None:
        return await _document(info, id)

    @strawberry.field(description="An entity by its global id; ids that were merged away still lead to it.")
    async def entity(self, info: Info, id: strawberry.ID) -> entity_types.Entity | None:
        return await _entity(info, id)

    @strawberry.field(description="Entities by name; `text` is looked for in all of their names.")
    async def entities(
        self,
        info: Info,
        first: int,
        collection: str = DEFAULT_COLLECTION,
        text: str | None = None,
        after: str | None = None,
    ) -> entity_types.EntityConnection | None:
        context = info.context
        view = await context.view(collection)
        size = page_size(first)
        page = await context.run(context.services.library.entities, view, text=text, first=size, after=after)
        return entity_types.connection(page, collection, after=after)

    @strawberry.field(description="What stands around an entity: at most `first` entities and their relations.")
    async def neighbourhood(
        self, info: Info, entity_id: strawberry.ID, first: int
    ) -> entity_types.Neighbourhood | None:
        context = info.context
        collection, number = ids.entity_id(entity_id)
        view = await context.view(collection)
        if await context.run(context.services.library.entity, view, number) is None:
            raise NotFound
        limit = page_size(first)
        found = await context.run(context.services.library.neighbourhood, view, number, limit=limit)
        return entity_types.neighbourhood(found, collection)

    @strawberry.field(description="A job that the caller asked for.")
    async def job(self, info: Info, id: strawberry.ID) -> job_types.Job | None:
        return await _job(info, id)

    @strawberry.field(description="Collections with something that the caller may read.")
    async def collections(self, info: Info) -> list[job_types.Collection] | None:
        context = info.context
        found = await context.run(context.services.library.collections, context.caller)
        return [job_types.collection(collection) for collection in found]


def page_size(first: int) -> int:
    """The size of a page, from 1 to 100. Raises InvalidInput."""
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInput(f"`first` has to be from 1 to {LARGEST_PAGE}.")
    return first


def _ask(question: str, caller: Caller, collection: str, services: ApiServices, *, unmask: bool) -> Answer:
    found = answer(question, caller, collection, services.ask_services(collection))
    return services.reveal(caller, collection, found) if unmask else found


def _search(query: str, view: View, services: ApiServices, first: int) -> list[EvidenceChunk]:
    ranking = rank(query, view, services.ask_services(view.collection), AskOptions())
    reasons = ranking.reasons()
    found = services.index.evidence(view, ranking.order[:first])
    shown = [in_language(c, ranking.question.language) for c in found]
    return [replace(c, rank=n, reasons=reasons.get(c.chunk_id, ())) for n, c in enumerate(shown, start=1)]


async def _document(info: Info, global_id: str) -> document_types.Document:
    found = await info.context.documents.load(ids.document_id(global_id))
    if found is None:
        raise NotFound
    return document_types.document(found)


async def _entity(info: Info, global_id: str) -> entity_types.Entity:
    context = info.context
    collection, number = ids.entity_id(global_id)
    view = await context.view(collection)
    found = await context.run(context.services.library.entity, view, number)
    if found is None:
        raise NotFound
    return entity_types.entity(found, collection)


async def _job(info: Info, global_id: str) -> job_types.Job:
    context = info.context
    found = await context.run(context.services.jobs.job, context.caller, ids.job_id(global_id))
    if found is None:
        raise NotFound
    return job_types.job(found)
