"""The vault of masked values: what a collection's tokens stand for, for those who may see it.

Row-level security decides: a value is read by a principal that the collection names, in a text that the principal may
read. Every look is written to the audit trail, with the number of values and never with one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgqa.adapters.keyring import Keyring
from kgqa.adapters.postgres.audit import record_event
from kgqa.adapters.postgres.pool import Pool, as_caller, connected
from kgqa.adapters.postgres.statements import load
from kgqa.model.answer import Caller
from kgqa.model.pii import PiiPolicy, PiiRules, SealedValue


class PostgresVault:
    """Reads rules and values with role `kgqa_app`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def rules(self, collection: str) -> PiiRules:
        """What a collection does about personal data; nothing for an unknown one."""
        with connected(self._pool) as connection:
            row = connection.execute(load("record")["pii_rules"], {"name": collection}).fetchone()
        return PiiRules(policy=PiiPolicy(row[0]), readers=tuple(row[1])) if row else PiiRules()

    def reveal(self, caller: Caller, collection: str, tokens: Sequence[str], keyring: Keyring) -> Mapping[str, str]:
        """Values by token, without those that the caller may not see. Raises ConfigurationError without their key."""
        bound = {"collection": collection, "tokens": list(tokens)}
        with as_caller(self._pool, caller) as connection:
            rows = connection.execute(load("search")["sealed_values"], bound).fetchall()
        values = {
            token: keyring.open(collection, SealedValue(token=token, type=type_, key_id=key, ciphertext=ciphertext))
            for token, type_, key, ciphertext in rows
        }
        detail = {"collection": collection, "asked": len(tokens), "shown": len(values)}
        record_event(self._pool, caller.subject, "unmask", detail)
        return values
