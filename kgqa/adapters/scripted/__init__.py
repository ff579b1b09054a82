"""Doubles of models, for tests of the plumbing."""
