"""One module per file format: bytes to pieces of text with their place. `ingest.parse` makes documents of them."""
