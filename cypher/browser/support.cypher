// What supports the relations of one entity: claims, and the chunks that state them.
// Parameters: generation, name (as displayed).
// Columns: entity, relation, other, chunk, states, claim.
// Index used: Entity(name), Claim(generation, id).
MATCH (entity:Entity {name: $name})
WHERE entity.generation = $generation
MATCH (entity)-[relation:RELATES]-(other:Entity)
WITH entity, relation, other
LIMIT 50
UNWIND relation.claims AS id
MATCH (claim:Claim {generation: $generation, id: id})
MATCH (chunk:Chunk)-[states:STATES]->(claim)
RETURN entity, relation, other, chunk, states, claim
