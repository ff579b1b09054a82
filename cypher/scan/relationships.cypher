// Every relationship with all its properties, streamed, for the same purpose.
// Parameters: none.
// Columns: kind (its type), properties.
// Index used: none; reads the whole store on purpose.
MATCH ()-[r]->()
RETURN [type(r)] AS kind, properties(r) AS properties
