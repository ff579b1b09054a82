"""The same job on two executors in processes of their own, with code and models from the shipped archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from kgqa.settings import SparkSettings
from tests.integration.spark.lake import DICTIONARY, Servers, run_job, write_lake

WHERE = """
import json, sys
from kgqa.settings import load_settings
from spark.session import running_session

def where(_):
    import cypher, kgqa, migrations, spark, os
    yield [os.path.relpath(p) for m in (kgqa, spark, cypher, migrations) for p in m.__path__]

with running_session(load_settings(), app="where") as session:
    found = session.sparkContext.parallelize(range(4), 4).mapPartitions(where).collect()
print(json.dumps(found))
"""


def on_cluster(servers: Servers) -> Servers:
    master = SparkSettings(master="local-cluster[2,1,1024]", driver_memory="1g")
    return replace(servers, settings=servers.settings.model_copy(update={"spark": master}))


def test_executors_import_the_shipped_code(servers: Servers, tmp_path: Path) -> None:
    code = tmp_path / "where.py"
    code.write_text(WHERE, encoding="utf-8")
    environment = {**on_cluster(servers).environment(), "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - as a text
    done = subprocess.run(
        [sys.executable, str(code)], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == [[f"kgqa_archive/{name}" for name in ("kgqa", "spark", "cypher", "migrations")]] * 4


def test_an_ingest_runs_on_two_executors(servers: Servers, tmp_path: Path) -> None:
    lake, dictionary = tmp_path / "lake", tmp_path / "dictionary.json"
    write_lake(lake, 6)
    dictionary.write_text(json.dumps(DICTIONARY), encoding="utf-8")
    report = run_job(on_cluster(servers), lake, dictionary)
    assert (report["indexed"], report["failed"]) == (6, 1)
    assert all(entity is not None for *_, entity in servers.content()["alias"])
