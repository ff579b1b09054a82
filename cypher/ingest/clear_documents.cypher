// Remove documents with their chunks, claims and mentions.
// Parameters: generation, ids.
// Columns: names (ids of the names that were mentioned: they may be orphans now).
// Index used: Document(generation, id).
UNWIND $ids AS id
MATCH (document:Document {generation: $generation, id: id})
OPTIONAL MATCH (document)<-[:PART_OF]-(chunk:Chunk)
OPTIONAL MATCH (chunk)-[:MENTIONS]->(mentioned:Name)
WITH document, chunk, collect(mentioned.id) AS mentioned
OPTIONAL MATCH (chunk)-[:STATES]->(claim:Claim)
OPTIONAL MATCH (claim)-[:SUBJECT|OBJECT]->(claimed:Name)
WITH document, chunk, mentioned, collect(DISTINCT claim) AS claims, collect(claimed.id) AS claimed
WITH document, collect(chunk) AS chunks, collect(claims) AS claims, collect(mentioned + claimed) AS names
FOREACH (group IN claims | FOREACH (claim IN group | DETACH DELETE claim))
FOREACH (chunk IN chunks | DETACH DELETE chunk)
DETACH DELETE document
WITH names
UNWIND names AS group
UNWIND group AS name
RETURN collect(DISTINCT name) AS names
