// A Name is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Name(generation, id).
CREATE CONSTRAINT name_identity IF NOT EXISTS
FOR (n:Name)
REQUIRE (n.generation, n.id) IS UNIQUE
