"""The nightly tasks as Dagster assets: `python -m schedule`. The only home of Dagster; wants the extra `schedule`.

Nothing here decides what a task does: that is kgqa/maintenance.py, which `kgqa maintain` calls, too.
"""
