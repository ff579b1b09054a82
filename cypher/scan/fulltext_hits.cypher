// What a full-text index finds for a phrase.
// Parameters: index (its name), phrase (in the query language of Lucene).
// Columns: hits.
// Index used: the one that is named.
CALL db.index.fulltext.queryNodes($index, $phrase)
YIELD node
RETURN count(node) AS hits
