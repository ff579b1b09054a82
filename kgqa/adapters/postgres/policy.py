"""Who belongs to what: `ports.Policy` on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgqa.adapters.postgres.pool import Pool, transaction
from kgqa.adapters.postgres.statements import load
from kgqa.model.answer import Caller
from kgqa.model.document import PUBLIC


class PostgresPolicy:
    """Principals and their groups from the table `principal`. Role `kgqa_pipeline`. See `ports.Policy`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def caller(self, subject: str) -> Caller:
        """The caller with its groups, and theirs; an unknown subject is a member of `public` alone."""
        with transaction(self._pool) as connection:
            rows = connection.execute(load("jobs")["principals"], {"subject": subject}).fetchall()
        return Caller(subject=subject, principals=tuple(sorted({PUBLIC, *(row[0] for row in rows)})))

    def set_principals(self, members: Mapping[str, Sequence[str]]) -> None:
        """Replace what is known: each principal with the groups that it is a direct member of."""
        sql = load("jobs")
        with transaction(self._pool) as connection:
            connection.execute(sql["forget_principals"])
            for name, groups in members.items():
                connection.execute(sql["add_principal"], {"name": name, "groups": sorted(groups)})
