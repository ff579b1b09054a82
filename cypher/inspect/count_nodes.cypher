// Nodes of a generation by label, for operators.
// Parameters: generation.
// Columns: label, number.
// Index used: (generation, id) of every label.
MATCH (n:Document)
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(n) AS number
RETURN 'Document' AS label, number
UNION ALL
MATCH (n:Chunk)
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(n) AS number
RETURN 'Chunk' AS label, number
UNION ALL
MATCH (n:Name)
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(n) AS number
RETURN 'Name' AS label, number
UNION ALL
MATCH (n:Entity)
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(n) AS number
RETURN 'Entity' AS label, number
UNION ALL
MATCH (n:Claim)
WHERE n.generation = $generation AND n.id IS NOT NULL
WITH count(n) AS number
RETURN 'Claim' AS label, number
