// Remove those entities among some that nothing is connected with any more.
// Parameters: generation, ids.
// Columns: none.
// Index used: Entity(generation, id).
UNWIND $ids AS id
MATCH (orphan:Entity {generation: $generation, id: id})
WHERE NOT EXISTS { (orphan)--() }
DELETE orphan
