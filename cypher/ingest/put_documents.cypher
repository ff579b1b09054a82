// Make documents, or bring them up to date.
// Parameters: generation; rows of [id, key, collection, title, uri, language, acl class].
// Columns: none.
// Index used: Document(generation, id).
UNWIND $rows AS row
MERGE (document:Document {generation: $generation, id: row[0]})
SET document.key = row[1],
    document.collection = row[2],
    document.title = row[3],
    document.uri = row[4],
    document.language = row[5],
    document.aclClass = row[6]
