// All chunks of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_chunks.
// Index used: Chunk(generation, id).
MATCH (n:Chunk)
WHERE n.generation = $generation AND n.id IS NOT NULL
OPTIONAL MATCH (n)-[:PART_OF]->(document:Document)
RETURN n.id, document.id, n.collection, n.heading, n.aclClass
