// Which of some generations have been projected as a whole.
// Parameters: generations.
// Columns: generations.
// Index used: Projection(generation, id).
UNWIND $generations AS generation
MATCH (projection:Projection {generation: generation, id: 0})
RETURN collect(projection.generation) AS generations
