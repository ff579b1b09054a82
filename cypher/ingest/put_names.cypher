// Make names.
// Parameters: generation; rows of [id, collection, norm].
// Columns: none.
// Index used: Name(generation, id).
UNWIND $rows AS row
MERGE (name:Name {generation: $generation, id: row[0]})
SET name.collection = row[1],
    name.norm = row[2]
