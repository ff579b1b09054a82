"""Print the schema of a migrated database: `python -m migrations OWNER_URL > migrations/schema.sql`."""

from __future__ import annotations

import sys

from kgqa.adapters.postgres.migrate import dump_schema

if __name__ == "__main__":
    sys.stdout.write(dump_schema(sys.argv[1]))
