// Remove those names among some that nothing is connected with any more.
// Parameters: generation, ids.
// Columns: none.
// Index used: Name(generation, id).
UNWIND $ids AS id
MATCH (orphan:Name {generation: $generation, id: id})
WHERE NOT EXISTS { (orphan)--() }
DELETE orphan
