"""What a caller may put, delete and re-index: the rules of writing, apart from GraphQL.

- Writing needs a name: `public` only reads.
- An upload's key is `upload/SUBJECT/KEY`: nobody can overwrite, or find out about, what somebody else put.
- It is read by its uploader alone, unless they name principals that they have themselves; `public` may be named by
  members of `group:publishers`.
- A caller deletes what it uploaded; members of `group:operators` delete all that they read, and re-index.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kgqa.errors import InvalidInput, LimitExceeded, NotFound
from kgqa.model.answer import Caller
from kgqa.model.document import PUBLIC
from kgqa.model.library import DocumentView

PUBLISHERS = "group:publishers"
OPERATORS = "group:operators"
#: larger documents come through the lake
UPLOAD_BYTES = 10_000_000
_COLLECTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEY = re.compile(r"[^\x00-\x1f\x7f]{1,300}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A document as a caller hands it in: exactly one of `text` and `content` (base64)."""

    collection: str
    key: str
    text: str | None = None
    content: str | None = None
    filename: str | None = None
    media_type: str | None = None
    title: str | None = None
    #: None: the uploader alone
    principals: tuple[str, ...] | None = None


def ingest_payload(upload: Upload, caller: Caller, most_bytes: int) -> dict[str, object]:
    """The payload of an `ingest_document` job. Raises InvalidInput, LimitExceeded, NotFound."""
    require_name(caller)
    if not _COLLECTION.fullmatch(upload.collection):
        raise InvalidInput("A collection's name has lower-case letters, digits, `-` and `_`, at most 63 of them.")
    if not _KEY.fullmatch(upload.key) or ".." in upload.key.split("/"):
        raise InvalidInput("A key has 1 to 300 printable characters, and no `..` in its path.")
    data = _data(upload)
    if len(data) > min(most_bytes, UPLOAD_BYTES):
        raise LimitExceeded(f"The document has {len(data)} bytes; {min(most_bytes, UPLOAD_BYTES)} are accepted.")
    key = f"upload/{caller.subject}/{upload.key}"
    return {
        "target": f"{upload.collection}/{key}",
        "collection": upload.collection,
        "key": key,
        "content": base64.b64encode(data).decode(),
        "mediaType": upload.media_type or _media_type(upload),
        "principals": list(_principals(upload, caller)),
        "metadata": {"title": upload.title} if upload.title else {},
    }


def delete_payload(document: DocumentView | None, caller: Caller) -> dict[str, object]:
    """The payload of a `delete_document` job. Raises NotFound where the caller does not see it or may not delete it."""
    require_name(caller)
    if document is None:
        raise NotFound
    mine = document.key.startswith(f"upload/{caller.subject}/")
    if not mine and OPERATORS not in caller.principals:
        raise NotFound
    return {
        "target": f"{document.collection}/{document.key}",
        "collection": document.collection,
        "key": document.key,
    }


def reindex_payload(
    collection: str, source: str | None, caller: Caller, *, allow_deletions: bool = False
) -> dict[str, object]:
    """The payload of a `reindex` job. Raises NotFound for all but operators."""
    if OPERATORS not in caller.principals:
        raise NotFound
    if not _COLLECTION.fullmatch(collection):
        raise NotFound
    payload: dict[str, object] = {"target": f"{collection}/", "collection": collection}
    payload |= {"allowDeletions": True} if allow_deletions else {}
    return {**payload, "source": source} if source else payload


def require_name(caller: Caller) -> None:
    """Raises InvalidInput for a caller without a token."""
    if caller.subject == PUBLIC:
        raise InvalidInput("Only a caller with a name may write.", hint="send a token: Authorization: Bearer ...")


def _data(upload: Upload) -> bytes:
    if (upload.text is None) == (upload.content is None):
        raise InvalidInput("Give exactly one of `text` and `base64`.")
    if upload.text is not None:
        try:
            return upload.text.encode()
        except UnicodeEncodeError:
            raise InvalidInput("`text` is not valid Unicode.") from None
    try:
        return base64.b64decode(upload.content or "", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("`base64` is not base64.") from None


def _media_type(upload: Upload) -> str | None:
    guessed = mimetypes.guess_type(upload.filename or upload.key)[0]
    return guessed or ("text/plain" if upload.text is not None else None)


def _principals(upload: Upload, caller: Caller) -> tuple[str, ...]:
    asked = tuple(sorted(set(upload.principals if upload.principals is not None else (caller.subject,))))
    if not asked:
        raise InvalidInput("A document needs somebody who may read it.")
    for principal in asked:
        allowed = PUBLISHERS in caller.principals if principal == PUBLIC else principal in caller.principals
        if not allowed:
            raise InvalidInput(f"You cannot give {principal!r} access: you are not a member.")
    return asked


def describes_same(left: Mapping[str, object], right: Mapping[str, object]) -> bool:
    """Whether two payloads ask for the same work, as far as the record still knows: content leaves it when done."""
    shared = left.keys() & right.keys()
    return all(left[name] == right[name] for name in shared)
