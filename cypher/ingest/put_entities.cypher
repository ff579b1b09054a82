// Make entities, or bring them up to date. The name is for operators: callers see one computed from what they may read.
// Parameters: generation; rows of [id, collection, name, type].
// Columns: none.
// Index used: Entity(generation, id).
UNWIND $rows AS row
MERGE (entity:Entity {generation: $generation, id: row[0]})
SET entity.collection = row[1],
    entity.name = row[2],
    entity.type = row[3]
