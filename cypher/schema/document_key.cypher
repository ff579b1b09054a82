// Operators find documents by key.
// Parameters: none.
// Columns: none.
// Index used: none; makes Document(key).
CREATE INDEX document_key IF NOT EXISTS
FOR (n:Document)
ON (n.key)
