// Names of some visible chunks, and some names by id, each with all its visible chunks: one step of the walk.
// Parameters: generation, collection, classes (visible access classes); chunks and names (ids of the seeds);
//     known (ids of names not to be read again); hub_chunks (a name with more visible chunks is a hub).
// Columns: ids and norms of names; chunks and weights: for each name a list of chunk ids, and of 2 * count, plus 1
//     where it is a title. All parallel, in one row: rows are what costs the driver time. A hub has empty lists.
// The ends of MENTIONS need no label: they are chunks and names, and to look costs an eighth of the time.
// Index used: Chunk(generation, id), Name(generation, id).
CALL () {
    UNWIND $chunks AS chunk_id
    MATCH (seed:Chunk {generation: $generation, id: chunk_id})
    WHERE seed.aclClass IN $classes AND seed.collection = $collection
    MATCH (seed)-[:MENTIONS]->(name)
    RETURN name
    UNION
    UNWIND $names AS name_id
    MATCH (name:Name {generation: $generation, id: name_id})
    WHERE name.collection = $collection
    RETURN name
}
WITH name
WHERE NOT name.id IN $known
CALL (name) {
    MATCH (name)<-[mention:MENTIONS]-(chunk)
    WHERE chunk.aclClass IN $classes
    WITH chunk, mention
    LIMIT $hub_chunks + 1
    RETURN
        collect(chunk.id) AS chunks,
        collect(mention.count * 2 + CASE WHEN mention.title THEN 1 ELSE 0 END) AS weights
}
WITH name, chunks, weights, size(chunks) > $hub_chunks AS is_hub
RETURN
    collect(name.id) AS ids,
    collect(name.norm) AS norms,
    collect(CASE WHEN is_hub THEN [] ELSE chunks END) AS chunks,
    collect(CASE WHEN is_hub THEN [] ELSE weights END) AS weights
