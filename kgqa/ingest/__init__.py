"""Ingest: a document becomes chunks, names, claims and vectors."""
