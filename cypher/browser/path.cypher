// How two entities hang together, over relations and shared chunks.
// Parameters: generation, from, to (names as displayed).
// Columns: path.
// Index used: Entity(name).
MATCH (start:Entity {name: $from})
WHERE start.generation = $generation
MATCH (end:Entity {name: $to})
WHERE end.generation = $generation
MATCH path = shortestPath((start)-[:RELATES|REFERS_TO|MENTIONS*..8]-(end))
RETURN path
