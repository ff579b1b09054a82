"""The process that Spark forks its Python workers from: what all of them import is imported once, and shared.

Spark starts it by name (`spark.python.daemon.module`). Nothing here may open a connection or start a thread.
"""

from __future__ import annotations

from importlib import import_module

from pyspark.daemon import manager

from kgqa.settings import inherited
from spark.session import WORKERS

#: by what the workers are for; all of them run tasks
PRELOADED = {
    "tasks": (
        "pandas",
        "pyarrow",
        "spark.jobs.detect_changes",
        "spark.jobs.read_documents",
        "spark.jobs.resolve_entities",
    ),
    "models": ("kgqa.bootstrap",),
}

if __name__ == "__main__":
    kind = inherited(WORKERS, "tasks")
    for name in dict.fromkeys((*PRELOADED["tasks"], *PRELOADED[kind])):
        import_module(name)
    manager()
