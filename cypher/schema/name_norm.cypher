// Operators find names by their normal form.
// Parameters: none.
// Columns: none.
// Index used: none; makes Name(norm).
CREATE INDEX name_norm IF NOT EXISTS
FOR (n:Name)
ON (n.norm)
