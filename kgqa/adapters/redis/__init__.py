"""Redis: whether it answers; Celery does the rest."""
