// All mentions of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_mentions.
// Index used: Chunk(generation, id).
MATCH (n:Chunk)-[mention:MENTIONS]->(name:Name)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN n.id, name.id, mention.count, mention.title
