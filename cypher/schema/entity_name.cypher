// Operators find entities by display name.
// Parameters: none.
// Columns: none.
// Index used: none; makes Entity(name).
CREATE INDEX entity_name IF NOT EXISTS
FOR (n:Entity)
ON (n.name)
