// Remove what names refer to.
// Parameters: generation, ids.
// Columns: entities (ids of the entities that were referred to: they may be orphans now).
// Index used: Name(generation, id).
UNWIND $ids AS id
MATCH (:Name {generation: $generation, id: id})-[reference:REFERS_TO]->(entity:Entity)
DELETE reference
RETURN collect(DISTINCT entity.id) AS entities
