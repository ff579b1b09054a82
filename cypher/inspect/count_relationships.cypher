// Relationships of a generation by type, for operators.
// Parameters: generation.
// Columns: type, number.
// Index used: (generation, id) of the label that the relationships start from.
MATCH (n:Chunk)-[r:PART_OF]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'PART_OF' AS type, number
UNION ALL
MATCH (n:Chunk)-[r:MENTIONS]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'MENTIONS' AS type, number
UNION ALL
MATCH (n:Chunk)-[r:STATES]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'STATES' AS type, number
UNION ALL
MATCH (n:Claim)-[r:SUBJECT]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'SUBJECT' AS type, number
UNION ALL
MATCH (n:Claim)-[r:OBJECT]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'OBJECT' AS type, number
UNION ALL
MATCH (n:Name)-[r:REFERS_TO]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'REFERS_TO' AS type, number
UNION ALL
MATCH (n:Entity)-[r:RELATES]->()
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(r) AS number
RETURN 'RELATES' AS type, number
