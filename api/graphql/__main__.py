"""`python -m api.graphql` writes api/graphql/schema.graphql."""

from __future__ import annotations

from api.graphql.schema import SCHEMA_FILE, schema_text

if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
