"""Asynchronous work: a Celery pool that runs jobs of the record, and a supervisor that sees to it that all are run."""
