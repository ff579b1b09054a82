// A Claim is one node per generation and id. Community Edition has no node keys; uniqueness is enough.
// Parameters: none.
// Columns: none.
// Index used: none; makes Claim(generation, id).
CREATE CONSTRAINT claim_identity IF NOT EXISTS
FOR (n:Claim)
REQUIRE (n.generation, n.id) IS UNIQUE
