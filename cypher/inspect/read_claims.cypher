// All claims of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_claims.
// Index used: Claim(generation, id).
MATCH (n:Claim)
WHERE n.generation = $generation AND n.id IS NOT NULL
OPTIONAL MATCH (chunk:Chunk)-[:STATES]->(n)
OPTIONAL MATCH (n)-[:SUBJECT]->(subject:Name)
OPTIONAL MATCH (n)-[:OBJECT]->(object:Name)
RETURN n.id, chunk.id, n.predicate, subject.id, object.id, n.aclClass
