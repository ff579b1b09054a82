"""kgqa answers questions over an organisation's documents with citations that hold.

Two verbs: **ingest** (document to chunks, mentions, claims, entities, vectors) and **ask** (question to
evidence to a verified, cited answer). `model` holds the nouns, `ports` every seam, `bootstrap` chooses
the adapters. `ARCHITECTURE.md` is the map.
"""

__version__ = "0.1.0"
