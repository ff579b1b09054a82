"""Documents out of the record, as their sources delivered them: what an index is built from again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kgqa.adapters.postgres.pool import Connection
from kgqa.adapters.postgres.statements import load
from kgqa.errors import ConfigurationError
from kgqa.model.document import RawDocument
from kgqa.model.pii import SealedValue
from kgqa.text.pseudonyms import TOKEN, tokens_in

#: values of sealed tokens, by token
Unseal = Callable[[Sequence[SealedValue]], Mapping[str, str]]


def read_recorded(connection: Connection, collection: str, document: int, unseal: Unseal | None) -> RawDocument | None:
    """See `PostgresDocumentStore.recorded`. Raises ConfigurationError where masked text needs keys."""
    row = connection.execute(load("record")["recorded"], {"document": document}).fetchone()
    if row is None:
        return None
    key, uri, raw, media_type, metadata, content_hash, title, text, principals, listing_hash = row
    data = bytes(raw)
    if not data and text:
        data, media_type = text.encode(), "text/plain"
        metadata = {**metadata, "title": title}
        values = _values(connection, collection, [text, *metadata.values()], unseal)
        data = _shown(text, values).encode()
        metadata = {name: _shown(value, values) for name, value in metadata.items()}
    return RawDocument(
        collection=collection,
        key=key,
        uri=uri,
        data=data,
        media_type=media_type or None,
        principals=tuple(principals),
        metadata=metadata,
        recorded_hash=bytes(content_hash),
        listing_hash=bytes(listing_hash),
    )


def _values(connection: Connection, collection: str, texts: Sequence[str], unseal: Unseal | None) -> Mapping[str, str]:
    tokens = tokens_in("\n".join(texts))
    if not tokens:
        return {}
    rows = connection.execute(load("record")["sealed"], {"collection": collection, "tokens": tokens})
    sealed = [SealedValue(token=row[0], type=row[1], key_id=row[2], ciphertext=bytes(row[3])) for row in rows]
    if sealed and unseal is None:
        raise ConfigurationError(
            "The document is masked, and its values cannot be read.", hint="set KGQA_PII__KEYS (docs/settings.md)."
        )
    return unseal(sealed) if unseal and sealed else {}


def _shown(text: str, values: Mapping[str, str]) -> str:
    return TOKEN.sub(lambda match: values.get(match[0], match[0]), text)
