// Remove the references to entities and the relations from and to them.
// Parameters: generation, ids.
// Columns: names, entities (ids of those at the other end: they may be orphans now).
// Index used: Entity(generation, id).
UNWIND $ids AS id
MATCH (:Entity {generation: $generation, id: id})-[edge:REFERS_TO|RELATES]-(other)
WITH collect(DISTINCT edge) AS edges, collect(DISTINCT other) AS others
FOREACH (edge IN edges | DELETE edge)
RETURN
    [other IN others WHERE other:Name | other.id] AS names,
    [other IN others WHERE other:Entity | other.id] AS entities
