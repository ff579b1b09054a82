"""Global ids: base64 of `Type:key`. A document's key is its id; an entity's is `collection/id`; a job's is its id."""

from __future__ import annotations

from strawberry.relay.utils import from_base64, to_base64

from kgqa.errors import InvalidInput

MOST_CHARACTERS = 500
_LARGEST = 2**63 - 1


def encode(kind: str, key: str | int) -> str:
    """A global id."""
    return to_base64(kind, str(key))


def decode(global_id: str) -> tuple[str, str]:
    """(type, key). Raises InvalidInput where it is none of ours."""
    try:
        if len(global_id) > MOST_CHARACTERS:
            raise ValueError
        return from_base64(global_id)
    except ValueError:
        raise _invalid("an id") from None


def document_id(global_id: str) -> int:
    """Id of a document. Raises InvalidInput."""
    return _number(_key(global_id, "Document"), "Document")


def job_id(global_id: str) -> int:
    """Id of a job. Raises InvalidInput."""
    return _number(_key(global_id, "Job"), "Job")


def entity_id(global_id: str) -> tuple[str, int]:
    """(collection, id) of an entity. Raises InvalidInput."""
    collection, _, number = _key(global_id, "Entity").rpartition("/")
    return collection, _number(number, "Entity")


def entity_key(collection: str, entity: int) -> str:
    """The key inside an entity's global id."""
    return f"{collection}/{entity}"


def _key(global_id: str, kind: str) -> str:
    found, key = decode(global_id)
    if found != kind:
        raise _invalid(f"the id of a {kind}")
    return key


def _number(key: str, kind: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 19 and int(key) <= _LARGEST):
        raise _invalid(f"the id of a {kind}")
    return int(key)


def _invalid(expected: str) -> InvalidInput:
    return InvalidInput(f"This is not {expected}.", hint="use ids as the API returns them.")
