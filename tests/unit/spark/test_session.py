"""What the session asks of its settings, and what executors elsewhere receive."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import SparkSession

from kgqa.errors import ConfigurationError
from kgqa.settings import Settings, SparkSettings
from spark.session import WORKERS, is_local, jar_paths, own_workers, refuse_unsafe_master
from spark.shipping import build_archive


def settings(tmp_path: Path, **spark: str) -> Settings:
    return Settings(home=tmp_path, cache=tmp_path / "cache", spark=SparkSettings.model_validate(spark))


@pytest.mark.parametrize("master", ["local", "local[*]", "local-cluster[2,1,1024]"])
def test_masters_of_this_machine_are_local(master: str) -> None:
    assert is_local(master)


@pytest.mark.parametrize("master", ["spark://host:7077", "yarn", "k8s://https://host", "localhost"])
def test_a_cluster_is_refused_with_the_graphframes_that_fails_there(tmp_path: Path, master: str) -> None:
    with pytest.raises(ConfigurationError, match="wrong components"):
        refuse_unsafe_master(settings(tmp_path, master=master))
    upstream = "io.graphframes:graphframes-spark3_2.12:0.10.1"
    refuse_unsafe_master(settings(tmp_path, master=master, graphframes=upstream))


def test_a_graphframes_that_is_not_there_is_reported_with_the_places(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        "spark.session.ensure_jars", lambda *_, **__: (Path("sedona-spark-shaded.jar"), Path("nlp.jar"))
    )
    chosen = settings(tmp_path, graphframes="org.example:graphs:9")
    with pytest.raises(ConfigurationError, match=r"graphs-9\.jar"):
        jar_paths(chosen)
    own = tmp_path / "cache" / "jars" / "org" / "example" / "graphs" / "9" / "graphs-9.jar"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")
    assert jar_paths(chosen) == (own, Path("nlp.jar"))


def test_the_archive_holds_code_statements_and_models_once(tmp_path: Path) -> None:
    from kgqa.embedded.models import encoder_directory

    chosen = settings(tmp_path)
    encoder = encoder_directory(chosen.cache)
    encoder.mkdir(parents=True)
    (encoder / "model.onnx").write_bytes(b"model")
    archive = build_archive(chosen, tmp_path)
    names = zipfile.ZipFile(archive).namelist()
    assert len(names) == len(set(names))
    assert {"kgqa/ports.py", "spark/worker.py", "migrations/0001_record.sql"} <= set(names)
    assert any(name.startswith("cypher/") and name.endswith(".cypher") for name in names)
    assert f"models/{encoder.relative_to(chosen.cache)}/model.onnx" in names
    assert not any("__pycache__" in name for name in names)
    made = archive.stat().st_mtime_ns
    assert build_archive(chosen, tmp_path).stat().st_mtime_ns == made


def test_threads_that_define_tasks_do_not_take_the_environment_from_each_other() -> None:
    environment: dict[str, str] = {}
    session = cast("SparkSession", SimpleNamespace(sparkContext=SimpleNamespace(environment=environment)))
    inside, may_end = threading.Event(), threading.Event()

    def keep_warm() -> None:
        with own_workers(session, "models"):
            inside.set()
            may_end.wait(10)

    keeper = threading.Thread(target=keep_warm)
    keeper.start()
    inside.wait(10)
    threading.Timer(0.05, may_end.set).start()
    with own_workers(session, "models"):
        assert not keeper.is_alive() or may_end.is_set()
        assert environment == {WORKERS: "models"}
    keeper.join(10)
    assert environment == {}
