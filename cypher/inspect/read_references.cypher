// All references of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_references.
// Index used: Name(generation, id).
MATCH (n:Name)-[reference:REFERS_TO]->(entity:Entity)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN n.id, entity.id, reference.senses
