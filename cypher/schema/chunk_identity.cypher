// A Chunk is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Chunk(generation, id).
CREATE CONSTRAINT chunk_identity IF NOT EXISTS
FOR (n:Chunk)
REQUIRE (n.generation, n.id) IS UNIQUE
