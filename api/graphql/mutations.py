"""What can be changed, always as a job: the row in the record first, then a nudge to a worker that may get lost."""

# ruff: noqa: D102 - fields say in the schema what they are

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

import anyio
import strawberry
from anyio import to_thread

from api.context import Info, Publish
from api.graphql import ids
from api.graphql.queries import DEFAULT_COLLECTION
from api.graphql.types.jobs import JobPayload, job, refused
from api.uploads import Upload, delete_payload, describes_same, ingest_payload, reindex_payload
from kgqa.errors import Conflict, InvalidInput, KgqaError, LimitExceeded, NotFound
from kgqa.logs import logger
from kgqa.model.job import Job as JobValue

log = logger(__name__)

#: a broker that does not answer must not hold up the caller
PUBLISH_SECONDS = 2
_EXPECTED = (InvalidInput, NotFound, Conflict, LimitExceeded)


@strawberry.input(description="A document to put. The same key again replaces it.")
class IngestDocumentInput:
    """Exactly one of `text` and `base64`."""

    key: str = strawberry.field(description="Your name for it; kept under `upload/SUBJECT/`.")
    collection: str = DEFAULT_COLLECTION
    text: str | None = None
    base64: str | None = None
    filename: str | None = strawberry.field(default=None, description="Says the format where `mediaType` does not.")
    media_type: str | None = None
    title: str | None = None
    principals: list[str] | None = strawberry.field(
        default=None, description="Who may read it, among what you are a member of. Default: you alone."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="The same key again gives the first job again."
    )


@strawberry.type(description="Writing.")
class Mutation:
    """The root of writes."""

    @strawberry.mutation(description="Read a document into the graph and the index.")
    async def ingest_document(self, info: Info, input: IngestDocumentInput) -> JobPayload:
        upload = Upload(
            collection=input.collection,
            key=input.key,
            text=input.text,
            content=input.base64,
            filename=input.filename,
            media_type=input.media_type,
            title=input.title,
            principals=None if input.principals is None else tuple(input.principals),
        )
        most = info.context.services.settings.limits.document_bytes
        return await _accept(
            info,
            "ingest_document",
            lambda: ingest_payload(upload, info.context.caller, most),
            idempotency_key=input.idempotency_key,
        )

    @strawberry.mutation(
        description="Delete a document from every store, with everything that only it supported. Nobody"
        " reads it from now on; the job removes it."
    )
    async def delete_document(self, info: Info, id: strawberry.ID, idempotency_key: str | None = None) -> JobPayload:
        context = info.context

        def payload() -> Mapping[str, object]:
            document = context.services.library.document(context.caller, ids.document_id(id))
            return delete_payload(document, context.caller)

        return await _accept(info, "delete_document", payload, idempotency_key=idempotency_key)

    @strawberry.mutation(
        description="Read all documents of a collection's source again, and delete those that are gone from it; where"
        " that is most of them, only with `allowDeletions`. For operators."
    )
    async def reindex(
        self,
        info: Info,
        collection: str = DEFAULT_COLLECTION,
        source: str | None = None,
        *,
        allow_deletions: bool = False,
        idempotency_key: str | None = None,
    ) -> JobPayload:
        caller = info.context.caller
        return await _accept(
            info,
            "reindex",
            lambda: reindex_payload(collection, source, caller, allow_deletions=allow_deletions),
            idempotency_key=idempotency_key,
        )


async def _accept(
    info: Info, kind: str, payload: Callable[[], Mapping[str, object]], *, idempotency_key: str | None
) -> JobPayload:
    """Insert the job, then wake a worker. What the caller has to change comes back as a user error."""
    context = info.context
    subject = context.caller.subject
    key = f"{kind}:{subject}:{idempotency_key or uuid.uuid4()}"

    def enqueue() -> JobValue:
        wanted = payload()
        accepted = context.services.jobs.enqueue(kind, wanted, key=key, requested_by=subject)
        if not describes_same(wanted, accepted.payload):
            raise Conflict("This idempotency key was used for something else.")
        return accepted

    try:
        accepted = await context.run(enqueue)
    except _EXPECTED as problem:
        return refused(problem)
    await _wake(context.publish, accepted)
    return JobPayload(job=job(accepted), user_errors=[])


async def _wake(publish: Publish, accepted: JobValue) -> None:
    """Tell a worker. The job is in the record: when this fails, the sweeper publishes it."""
    try:
        with anyio.move_on_after(PUBLISH_SECONDS):
            await to_thread.run_sync(publish, accepted, abandon_on_cancel=True)
    except KgqaError as problem:
        log.warning("job.publish.failed", job=accepted.id, reason=problem.code)
