// Say that a generation has been projected as a whole. Where this node is missing, the projector rebuilds.
// Parameters: generation.
// Columns: none.
// Index used: Projection(generation, id).
MERGE (:Projection {generation: $generation, id: 0})
