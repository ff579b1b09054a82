// Relationships of a generation by type, for operators.
// Parameters: generation.
// Columns: type, number.
// Index used: (generation, id) of the label that the relationships start from.
MATCH (n:Chunk)-[r:PART_OF]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'PART_OF' AS type, count(r) AS number
UNION ALL
MATCH (n:Chunk)-[r:MENTIONS]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'MENTIONS' AS type, count(r) AS number
UNION ALL
MATCH (n:Chunk)-[r:STATES]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'STATES' AS type, count(r) AS number
UNION ALL
MATCH (n:Claim)-[r:SUBJECT]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'SUBJECT' AS type, count(r) AS number
UNION ALL
MATCH (n:Claim)-[r:OBJECT]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'OBJECT' AS type, count(r) AS number
UNION ALL
MATCH (n:Name)-[r:REFERS_TO]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'REFERS_TO' AS type, count(r) AS number
UNION ALL
MATCH (n:Entity)-[r:RELATES]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'RELATES' AS type, count(r) AS number
