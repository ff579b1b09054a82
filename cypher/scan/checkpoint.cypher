// Write what is in memory to the store, so that old transaction logs can go.
// Parameters: none.
// Columns: success.
// Index used: none.
CALL db.checkpoint()
YIELD success
RETURN success
