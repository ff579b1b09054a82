// Names of the full-text indexes; kgqa makes none, an operator may.
// Parameters: none.
// Columns: name.
// Index used: none; reads the catalogue.
SHOW FULLTEXT INDEXES
YIELD name
RETURN name
