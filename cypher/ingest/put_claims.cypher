// Make claims of chunks that exist and have been cleared.
// Parameters: generation; rows of [id, chunk, predicate, subject, object, acl class].
// Columns: none.
// Index used: Chunk(generation, id), Claim(generation, id), Name(generation, id).
UNWIND $rows AS row
MATCH (chunk:Chunk {generation: $generation, id: row[1]})
MATCH (subject:Name {generation: $generation, id: row[3]})
MATCH (object:Name {generation: $generation, id: row[4]})
MERGE (claim:Claim {generation: $generation, id: row[0]})
SET claim.predicate = row[2],
    claim.aclClass = row[5]
CREATE (chunk)-[:STATES]->(claim)
CREATE (claim)-[:SUBJECT]->(subject)
CREATE (claim)-[:OBJECT]->(object)
