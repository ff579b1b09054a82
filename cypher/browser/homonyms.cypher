// Names that refer to several entities.
// Parameters: generation.
// Columns: name, references, entities.
// Index used: Name(generation, id).
MATCH (name:Name)-[reference:REFERS_TO]->(entity:Entity)
WHERE name.generation = $generation AND name.id IS NOT NULL
WITH name, collect(reference) AS references, collect(entity) AS entities
WHERE size(entities) > 1
RETURN name, references, entities
LIMIT 50
