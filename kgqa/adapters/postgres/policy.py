"""Who belongs to what: users and groups in the table `principal`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.pool import Pool, connected, transaction
from kgqa.adapters.postgres.statements import load
from kgqa.model.answer import Caller
from kgqa.model.document import PUBLIC


class PostgresPolicy:
    """Groups of groups are followed, in circles too. See `ports.Policy`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def caller(self, subject: str) -> Caller:
        """The caller with its groups, and theirs; an unknown subject is a member of `public` alone."""
        with connected(self._pool) as connection:
            found = {row[0] for row in connection.execute(load("jobs")["principals_of"], {"subject": subject})}
            known = connection.execute(load("jobs")["known"], {"subject": subject}).fetchone()
        is_known = known is not None and known[0]
        return Caller(subject=subject, principals=tuple(sorted({*found, PUBLIC})) if is_known else (PUBLIC,))

    def set_principals(self, members: Mapping[str, Sequence[str]]) -> None:
        """Replace everything: each principal (`user:NAME`, `group:NAME`) with the groups that it is a member of."""
        entries = [{"name": name, "member_of": sorted(set(groups))} for name, groups in sorted(members.items())]
        with transaction(self._pool) as connection:
            connection.execute(load("jobs")["replace_principals"], {"names": sorted(members)})
            connection.execute(load("jobs")["set_principals"], {"principals": Jsonb(entries)})
