// Connect entities; one of the two has been cleared. Claims carry the access classes of the support.
// Parameters: generation; rows of [id, subject, predicate, object, claims].
// Columns: none.
// Index used: Entity(generation, id).
UNWIND $rows AS row
MATCH (subject:Entity {generation: $generation, id: row[1]})
MATCH (object:Entity {generation: $generation, id: row[3]})
CREATE (subject)-[:RELATES {id: row[0], predicate: row[2], claims: row[4]}]->(object)
