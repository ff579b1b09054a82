// All entities of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_entities.
// Index used: Entity(generation, id).
MATCH (n:Entity)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN n.id, n.collection, n.name, n.type
