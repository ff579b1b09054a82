// A Entity is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Entity(generation, id).
CREATE CONSTRAINT entity_identity IF NOT EXISTS
FOR (n:Entity)
REQUIRE (n.generation, n.id) IS UNIQUE
