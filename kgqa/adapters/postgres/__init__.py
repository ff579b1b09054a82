"""PostgreSQL: the record, and the hybrid index in it."""
