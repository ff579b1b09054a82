// Make chunks of documents that exist and have been cleared.
// Parameters: generation; rows of [id, document, collection, heading, acl class].
// Columns: none.
// Index used: Document(generation, id), Chunk(generation, id).
UNWIND $rows AS row
MATCH (document:Document {generation: $generation, id: row[1]})
MERGE (chunk:Chunk {generation: $generation, id: row[0]})
SET chunk.collection = row[2],
    chunk.heading = row[3],
    chunk.aclClass = row[4]
CREATE (chunk)-[:PART_OF]->(document)
