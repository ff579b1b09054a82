// One entity: its names, the chunks that mention them, and their documents.
// Parameters: generation, name (as displayed).
// Columns: path.
// Index used: Entity(name).
MATCH (entity:Entity {name: $name})
WHERE entity.generation = $generation
MATCH path = (entity)<-[:REFERS_TO]-(:Name)<-[:MENTIONS]-(:Chunk)-[:PART_OF]->(:Document)
RETURN path
LIMIT 100
