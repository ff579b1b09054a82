// Every node with all its properties, streamed: looking for what should be gone has to look at everything.
// Parameters: none.
// Columns: kind (its labels), properties.
// Index used: none; reads the whole store on purpose.
MATCH (n)
RETURN labels(n) AS kind, properties(n) AS properties
