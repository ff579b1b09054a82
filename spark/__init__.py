"""The Spark runner: the functions of `kgqa.ingest` over many documents. `python -m spark JOB`.

Nothing here decides what a document means. Jobs list, partition, count and order; what a task does to a
document is the same code that a Celery worker runs (kgqa/ingest/pipeline.py).
"""
