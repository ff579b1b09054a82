// All names of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_names.
// Index used: Name(generation, id).
MATCH (n:Name)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN n.id, n.collection, n.norm
