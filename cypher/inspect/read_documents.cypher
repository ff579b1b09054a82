// All documents of a generation as the projector writes them, to compare them with the record.
// Parameters: generation.
// Columns: those of the rows of ingest/put_documents.
// Index used: Document(generation, id).
MATCH (n:Document)
WHERE n.generation = $generation AND n.id IS NOT NULL
RETURN n.id, n.key, n.collection, n.title, n.uri, n.language, n.aclClass
