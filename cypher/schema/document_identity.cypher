// A Document is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Document(generation, id).
CREATE CONSTRAINT document_identity IF NOT EXISTS
FOR (n:Document)
REQUIRE (n.generation, n.id) IS UNIQUE
