"""One module per job: a pure `transform` of frames and a `run` that reads and writes."""
