"""Renders the example lake: a small world drawn from a seed, templates over it, one writer per file format."""
