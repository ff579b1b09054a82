"""Evaluation: the only place that reads judgements and accepted answers."""
