"""What only a superuser or a database's maker may do: roles, extensions, databases.

`bootstrap` is what an operator runs once against a server of their own, and what the embedded stack runs at every
start. Everything is safe to repeat. After it, migrations run as `kgqa_owner` and nothing runs as superuser.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kgqa.errors import DependencyUnavailable

OWNER = "kgqa_owner"
#: read and write under row-level security; never superusers
SERVICE_ROLES = ("kgqa_app", "kgqa_pipeline")
EXTENSIONS: tuple[LiteralString, ...] = ("vector", "pg_trgm", "unaccent", "btree_gin")
CONNECT_SECONDS = 5


def answers(url: str) -> bool:
    """Whether the server lets us in and runs a query."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def server_version(url: str) -> str:
    """Version of the server, such as `18.6`. Raises DependencyUnavailable."""
    with _connected(url) as connection:
        return str(_value(connection, sql.SQL("SHOW server_version"))).split()[0]


def bootstrap(superuser_url: str, *, database: str, passwords: Mapping[str, str]) -> None:
    """Make the roles (with the password of each), the database and its extensions, where they are missing.

    `superuser_url` may name any database. Passwords of roles that exist are not changed.
    """
    with _connected(superuser_url) as connection:
        for role in (OWNER, *SERVICE_ROLES):
            _make_role(connection, role, passwords[role])
    create_database(superuser_url, database)


def create_database(superuser_url: str, name: str, *, owner: str = OWNER, template: str | None = None) -> str:
    """Make a database, if missing, that only `owner` and the service roles may enter; its superuser URL.

    With a template everything of that database is copied; nobody may be connected to it meanwhile.
    """
    with _connected(superuser_url) as connection:
        if not _value(connection, sql.SQL("SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"), name):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template or "template0")
                )
            )
        _grant_entry(connection, name)
    url = database_url(superuser_url, name)
    if template is None:
        _make_extensions(url)
    return url


def drop_database(superuser_url: str, name: str) -> None:
    """Remove a database, ending the sessions in it. Nothing happens when it does not exist."""
    with _connected(superuser_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def database_url(url: str, name: str) -> str:
    """The same server and role, another database; in the form of `url` (URL or keywords).

    >>> database_url("postgresql://u:p@127.0.0.1:5432/kgqa?sslmode=disable", "other")
    'postgresql://u:p@127.0.0.1:5432/other?sslmode=disable'
    """
    if not url.startswith(("postgresql://", "postgres://")):
        return make_conninfo(url, dbname=name)
    address, mark, options = url.partition("?")
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}{mark}{options}"


@contextmanager
def _connected(url: str) -> Generator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as problem:
        raise DependencyUnavailable(
            f"PostgreSQL does not let us in: {problem}", hint="run `kgqa status`, and check KGQA_POSTGRES__URL."
        ) from problem
    with connection:
        yield connection


def _value(connection: psycopg.Connection, query: sql.SQL, *parameters: object) -> object:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    if _value(connection, sql.SQL("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"), role):
        return
    # CREATE ROLE takes no parameters; Literal quotes.
    connection.execute(
        sql.SQL(
            "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}"
        ).format(sql.Identifier(role), sql.Literal(password))
    )


def _grant_entry(connection: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
            name, sql.SQL(", ").join(map(sql.Identifier, SERVICE_ROLES))
        )
    )


def _make_extensions(url: str) -> None:
    with _connected(url) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
