// Nodes of a generation by label, for operators.
// Parameters: generation.
// Columns: label, number.
// Index used: (generation, id) of every label.
MATCH (n:Document)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'Document' AS label, count(n) AS number
UNION ALL
MATCH (n:Chunk)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'Chunk' AS label, count(n) AS number
UNION ALL
MATCH (n:Name)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'Name' AS label, count(n) AS number
UNION ALL
MATCH (n:Entity)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'Entity' AS label, count(n) AS number
UNION ALL
MATCH (n:Claim)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN 'Claim' AS label, count(n) AS number
