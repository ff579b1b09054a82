"""The projection in Neo4j: the walk over it, the projector that keeps it, its schema."""
