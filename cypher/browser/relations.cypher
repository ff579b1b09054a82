// The largest relations: entities and how they are related, best supported first.
// Parameters: generation.
// Columns: subject, relation, object.
// Index used: Entity(generation, id).
MATCH (subject:Entity)-[relation:RELATES]->(object:Entity)
WHERE subject.generation = $generation AND subject.id IS NOT NULL
RETURN subject, relation, object
ORDER BY size(relation.claims) DESC
LIMIT 100
