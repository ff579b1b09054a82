"""Numbered, forward-only SQL migrations; `kgqa.adapters.postgres.migrate` applies each once, in its own transaction.

`schema.sql` describes the result, for reading; `python -m migrations OWNER_URL` prints it, and a test keeps it current.
"""
