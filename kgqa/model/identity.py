"""Stable 63-bit ids: the same content gets the same id on every machine and in every run.

BLAKE2b over length-prefixed parts, top bit cleared so that Postgres bigint, Neo4j and JSON clients with
64-bit integers agree. With 10 million ids of one kind a collision has probability 5e-6; writers that meet
an id with other content raise `Conflict` instead of overwriting.
"""

from __future__ import annotations

from hashlib import blake2b


def stable_id(kind: str, *parts: str | int | bytes) -> int:
    """Id of one thing of this kind, in [0, 2**63)."""
    digest = blake2b(digest_size=8, person=kind.encode()[:16])
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "big") >> 1


def document_id(collection: str, key: str) -> int:
    """Id of a document: its place in its collection, whatever it says today."""
    return stable_id("document", collection, key)


def chunk_id(collection: str, key: str, text: str, repeat: int, chunker: str) -> int:
    """Id of a chunk: an edit elsewhere in the document does not change it."""
    return stable_id("chunk", collection, key, text, repeat, chunker)


def name_id(collection: str, norm: str) -> int:
    """Id of a normalised name inside a collection."""
    return stable_id("name", collection, norm)


def alias_id(collection: str, norm: str, type_: str, signature: str) -> int:
    """Id of one sense of a name: what it is called, what kind of thing it is, and what tells it from its homonyms."""
    return stable_id("alias", collection, norm, type_, signature)


def claim_id(chunk: int, start: int, end: int, subject: int, predicate: str, object_: int) -> int:
    """Id of a claim: where it stands and what it says."""
    return stable_id("claim", chunk, start, end, subject, predicate, object_)
