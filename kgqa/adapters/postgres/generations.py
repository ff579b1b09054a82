"""Generations of the index as a whole: made, made active, dropped. Run as `kgqa_owner`, beside the running system.

A flip is one transaction. It waits for publishers under way and keeps out new ones (each holds the row of its
generation) while the last changes are brought over, and refuses where the next generation lacks one: nothing is lost
between them. Questions do not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql as compose
from psycopg.types.json import Jsonb

from kgqa.adapters.postgres.statements import load
from kgqa.errors import Conflict, DependencyUnavailable, InvalidInput, NotFound

#: rows of a generation that no partition holds, after `set_dropped`
_ROWS = (
    "drop_versions", "drop_corpus_statistics", "drop_term_statistics", "drop_redirects", "drop_decisions",
    "drop_dirty_keys", "drop_chunks", "drop_secrets",
)  # fmt: skip
#: a flip that cannot get its locks in this time gives up: publishers behind it would wait as long
_LOCK_SECONDS = 30


def start_generation(owner_url: str, *, model: str, encoder: str, dimensions: int) -> int:
    """The generation that is being built with this encoder, or a new one.

    Raises Conflict where another one is being built with another encoder.
    """
    with _transaction(owner_url) as connection:
        row = connection.execute(load("generations")["building"]).fetchone()
        if row is None:
            options = Jsonb({"embed": model, "encoder": encoder})
            row = connection.execute(
                load("generations")["create"], {"options": options, "dimensions": dimensions}
            ).fetchone()
        elif row[1].get("embed") != model:
            raise Conflict(
                f"Generation {row[0]} is being built with the encoder {row[1].get('embed')}, not {model}.",
                hint=f"set KGQA_MODELS__ENCODER={row[1].get('encoder')}, or `kgqa generation drop {row[0]}`.",
            )
        assert row is not None
        return int(row[0])


def reopen(owner_url: str, generation: int) -> None:
    """Let a retired generation be written again. Raises InvalidInput for the active one, NotFound."""
    with _transaction(owner_url) as connection:
        _require_inactive(connection, generation)
        connection.execute(load("generations")["reopen"], {"generation": generation})


def unfinished(owner_url: str, generation: int) -> dict[str, int]:
    """What a generation still lacks to become active, as counts that are not zero."""
    with _transaction(owner_url) as connection:
        return _unfinished(connection, generation)


@contextmanager
def flipping(owner_url: str, generation: int) -> Generator[Callable[[], int]]:
    """Nobody publishes in the active generation while the block runs: time to bring the other one fully up.

    Yields what makes the other one active when the block ends; it gives the one that was, which is kept. It raises
    Conflict while the other one lacks something. Raises InvalidInput where it is active already, NotFound, and
    DependencyUnavailable where a publisher does not end in time.
    """
    sql = load("generations")
    with _transaction(owner_url) as connection:
        _require_inactive(connection, generation)
        active = connection.execute(sql["pause"]).fetchone()
        assert active is not None

        def flip() -> int:
            if lacks := _unfinished(connection, generation):
                said = ", ".join(f"{number} {what}" for what, number in lacks.items())
                raise Conflict(
                    f"Generation {generation} is not as far as the active one: {said}.",
                    hint=f"`kgqa generation activate {generation}` brings it up to date first.",
                )
            connection.execute(sql["retire"])
            connection.execute(sql["activate"], {"generation": generation})
            connection.execute(sql["move_names_versions"])
            return int(active[0])

        yield flip


def drop_generation(owner_url: str, generation: int) -> None:
    """Remove all that a generation holds in the record. Raises InvalidInput for the active one, NotFound.

    First a short transaction that nobody has to wait long for, then the rows that no partition holds. Repeating it
    finishes a call that was cut off.
    """
    sql = load("generations")
    bound = {"generation": generation}
    with _transaction(owner_url) as connection:
        _require_inactive(connection, generation, even_dropped=True)
        for (partition,) in connection.execute(sql["partitions"], bound).fetchall():
            connection.execute(compose.SQL("drop table {}").format(compose.Identifier(partition)))
        for statement in ("forget_publication", "abandon_runs", "set_dropped"):
            connection.execute(sql[statement], bound)
    with _transaction(owner_url) as connection:
        for (collection,) in connection.execute(sql["collections"]).fetchall():
            connection.execute(sql["lock_collection"], {"collection": collection})
        for statement in _ROWS:
            connection.execute(sql[statement], bound)


def _require_inactive(connection: psycopg.Connection[Any], generation: int, *, even_dropped: bool = False) -> None:
    states = dict(connection.execute(load("generations")["states"]).fetchall())
    if generation not in states or (states[generation] == "dropped" and not even_dropped):
        raise NotFound(f"There is no generation {generation}.", hint="`kgqa generation list` lists them.")
    if states[generation] == "active":
        raise InvalidInput(f"Generation {generation} is the active one.", hint="`kgqa generation list` lists them.")


def _unfinished(connection: psycopg.Connection[Any], generation: int) -> dict[str, int]:
    sql = load("generations")
    found = {
        "documents that differ": connection.execute(sql["difference"], {"generation": generation}),
        "names without an entity": connection.execute(sql["unresolved"], {"generation": generation}),
        "changes that are not in the graph": connection.execute(sql["unprojected"], {"generation": generation}),
    }
    counts = {what: int(cursor.fetchone()[0]) for what, cursor in found.items()}  # type: ignore[index]
    return {what: number for what, number in counts.items() if number}


@contextmanager
def _transaction(owner_url: str) -> Generator[psycopg.Connection[Any]]:
    try:
        connection = psycopg.connect(owner_url, connect_timeout=10, options=f"-c lock_timeout={_LOCK_SECONDS}s")
    except psycopg.OperationalError as problem:
        raise DependencyUnavailable(f"PostgreSQL does not let us in: {problem}", hint="run `kgqa status`.") from problem
    try:
        with connection:
            connection.execute(load("generations")["lock"])
            yield connection
    except psycopg.errors.LockNotAvailable as problem:
        raise DependencyUnavailable(
            "The record was busy for too long.", hint="an ingest is publishing; try again when it is done."
        ) from problem
