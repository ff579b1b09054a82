// Remove some nodes of a generation, whatever they are; repeated until none is left.
// Parameters: generation, limit.
// Columns: removed (number of nodes).
// Index used: (generation, id) of every label.
CALL () {
    MATCH (n:Projection) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
    UNION ALL
    MATCH (n:Claim) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
    UNION ALL
    MATCH (n:Chunk) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
    UNION ALL
    MATCH (n:Document) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
    UNION ALL
    MATCH (n:Entity) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
    UNION ALL
    MATCH (n:Name) WHERE n.generation = $generation AND n.id IS NOT NULL RETURN n
}
WITH n
LIMIT $limit
DETACH DELETE n
RETURN count(*) AS removed
