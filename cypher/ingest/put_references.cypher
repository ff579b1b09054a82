// Connect names with the entities that they refer to; one of the two has been cleared.
// Parameters: generation; rows of [name, entity, senses].
// Columns: none.
// Index used: Name(generation, id), Entity(generation, id).
UNWIND $rows AS row
MATCH (name:Name {generation: $generation, id: row[0]})
MATCH (entity:Entity {generation: $generation, id: row[1]})
CREATE (name)-[:REFERS_TO {senses: row[2]}]->(entity)
