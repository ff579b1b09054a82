"""Models: the encoder, the extractor, the generator."""
