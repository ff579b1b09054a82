// One document: its chunks, what they mention, and what those names refer to.
// Parameters: generation, key.
// Columns: document, chunk, mention, name, reference, entity.
// Index used: Document(key).
MATCH (document:Document {key: $key})
WHERE document.generation = $generation
MATCH (document)<-[:PART_OF]-(chunk:Chunk)
OPTIONAL MATCH (chunk)-[mention:MENTIONS]->(name:Name)
OPTIONAL MATCH (name)-[reference:REFERS_TO]->(entity:Entity)
RETURN document, chunk, mention, name, reference, entity
LIMIT 200
