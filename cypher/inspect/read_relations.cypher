// All relations of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_relations.
// Index used: Entity(generation, id).
MATCH (n:Entity)-[relation:RELATES]->(object:Entity)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN relation.id, n.id, relation.predicate, object.id, relation.claims
