// A Projection is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Projection(generation, id).
CREATE CONSTRAINT projection_identity IF NOT EXISTS
FOR (n:Projection)
REQUIRE (n.generation, n.id) IS UNIQUE
