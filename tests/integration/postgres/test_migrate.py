"""Migrations on a real server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from kgqa.adapters.postgres.migrate import dump_schema, migrate, migrations, pending
from kgqa.errors import ConfigurationError

SCHEMA = Path(__file__).parents[3] / "migrations" / "schema.sql"


def test_schema_file_is_current(database) -> None:
    assert SCHEMA.read_text(encoding="utf-8") == dump_schema(database.owner_url), (
        "run: python -m migrations OWNER_URL > migrations/schema.sql"
    )


def test_migrating_again_does_nothing(database) -> None:
    assert pending(database.owner_url) == []
    assert migrate(database.owner_url) == []


def test_an_empty_database_gets_every_migration(postgres, database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("drop table schema_migration")
    assert pending(database.owner_url) == list(migrations())


def test_a_newer_database_is_refused(database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("insert into schema_migration (name) values ('9999_future.sql')")
    with pytest.raises(ConfigurationError, match="9999_future"):
        migrate(database.owner_url)


def test_service_roles_are_never_superusers(database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        roles = connection.execute(
            "select rolname from pg_roles where rolname like 'kgqa%' and (rolsuper or rolbypassrls)"
        ).fetchall()
    assert roles == []
