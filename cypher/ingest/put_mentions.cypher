// Connect chunks that have been cleared with the names in them.
// Parameters: generation; rows of [chunk, name, count, title].
// Columns: none.
// Index used: Chunk(generation, id), Name(generation, id).
UNWIND $rows AS row
MATCH (chunk:Chunk {generation: $generation, id: row[0]})
MATCH (name:Name {generation: $generation, id: row[1]})
CREATE (chunk)-[:MENTIONS {count: row[2], title: row[3]}]->(name)
