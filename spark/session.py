"""The Spark session: Java, jars, Python of the executors, and what must be true of a master.

`local` and `local-cluster` masters share this machine's files, so jars go on the class path where they lie and
executors import the installed packages. Any other master gets the jars by `spark.jars` and the code and models as
one archive (see `spark.shipping`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from pyspark.sql import SparkSession

from kgqa.embedded.jars import Jar, class_path, ensure_jars, locked_jars
from kgqa.embedded.java import java_home
from kgqa.errors import ConfigurationError
from kgqa.settings import Settings, set_environment
from spark.shipping import ARCHIVE, build_archive

#: documents in one Arrow batch: what one call of the encoder and of spaCy sees
BATCH_ROWS = 64
#: environment variable of Python workers: what they are for
WORKERS = "KGQA_TASKS"
#: GraphFrames 0.10.0 can return wrong components on a cluster's file system; the locked jar holds that version
UPSTREAM_GRAPHFRAMES = "io.graphframes:graphframes-spark3_2.12:"

_environment_in_use = threading.Lock()


@contextmanager
def running_session(
    settings: Settings, *, app: str, extra: Mapping[str, str] | None = None, kafka: bool = False
) -> Generator[SparkSession]:
    """A session that is stopped at the end."""
    session = build_session(settings, app=app, extra=extra, kafka=kafka)
    try:
        yield session
    finally:
        session.stop()


def build_session(
    settings: Settings, *, app: str, extra: Mapping[str, str] | None = None, kafka: bool = False
) -> SparkSession:
    """The session of this process; `extra` are Spark settings that win. Raises ConfigurationError."""
    refuse_unsafe_master(settings)
    _prepare_environment()
    configuration = {**session_configuration(settings, kafka=kafka), **(extra or {})}
    builder = SparkSession.Builder().master(settings.spark.master).appName(app)
    for key, value in configuration.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


@contextmanager
def own_workers(session: SparkSession, name: str) -> Generator[None]:
    """Python tasks defined inside the block run in worker processes of their own.

    Workers are shared by all that have the same environment; so the ones that load models stay as few as there are
    cores, where a task holds two workers.
    """
    environment = session.sparkContext.environment
    with _environment_in_use:  # batches and what keeps workers warm define tasks in threads of their own
        environment[WORKERS] = name
        try:
            yield
        finally:
            del environment[WORKERS]


def is_local(master: str) -> bool:
    """Whether all executors run on this machine."""
    return master == "local" or master.startswith(("local[", "local-cluster["))


def refuse_unsafe_master(settings: Settings) -> None:
    """A cluster needs the GraphFrames whose checkpoints can be trusted there."""
    coordinate = settings.spark.graphframes
    if is_local(settings.spark.master) or coordinate.startswith(UPSTREAM_GRAPHFRAMES):
        return
    raise ConfigurationError(
        f"The master {settings.spark.master!r} is a cluster, and {coordinate!r} holds GraphFrames 0.10.0, "
        "which can return wrong components there.",
        hint=f"set KGQA_SPARK__GRAPHFRAMES to {UPSTREAM_GRAPHFRAMES}0.10.1 or later, in the local Maven repository.",
    )


def session_configuration(settings: Settings, *, kafka: bool = False) -> dict[str, str]:
    """Spark settings of every job."""
    master = settings.spark.master
    local_directory = settings.home / "spark"
    local_directory.mkdir(parents=True, exist_ok=True)
    logging = resources.files("spark").joinpath("log4j2.properties")
    configuration = {
        "spark.driver.memory": settings.spark.driver_memory,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{logging} -XX:+UseParallelGC",
        "spark.pyspark.python": sys.executable,
        "spark.python.daemon.module": "spark.daemon",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
        # planning of iterative algorithms spends its time on printing plans that nobody reads
        "spark.sql.maxPlanStringLength": "200",
        "spark.sql.session.timeZone": "UTC",
    }
    if is_local(master):
        path = class_path(jar_paths(settings, kafka=kafka))
        configuration |= {
            "spark.driver.extraClassPath": path,
            "spark.executor.extraClassPath": path,
            "spark.local.dir": str(local_directory),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
        }
    else:
        configuration |= {"spark.jars": ",".join(str(path) for path in jar_paths(settings, kafka=kafka))}
    if not master.startswith("local[") and master != "local":
        configuration |= {
            "spark.archives": f"{build_archive(settings, local_directory)}#{ARCHIVE}",
            "spark.executorEnv.PYTHONPATH": ARCHIVE,
        }
    return configuration


def jar_paths(settings: Settings, *, kafka: bool = False) -> tuple[Path, ...]:
    """GraphFrames and Spark NLP: the locked archives, with the configured GraphFrames in place of the locked one.

    `kafka`: and what reads topics.
    """
    return (*_jar_paths(settings), *(_kafka_paths(settings) if kafka else ()))


def _kafka_paths(settings: Settings) -> tuple[Path, ...]:
    return ensure_jars("spark-kafka", settings.cache, repository=settings.maven_repository)


def _jar_paths(settings: Settings) -> tuple[Path, ...]:
    paths = ensure_jars("spark", settings.cache, repository=settings.maven_repository)
    wanted = settings.spark.graphframes
    if any(jar.coordinate == wanted for jar in locked_jars("spark")):
        return paths
    own = Jar(coordinate=wanted, sha256="", size=0)
    places = [root / own.path for root in (settings.cache / "jars", Path.home() / ".m2" / "repository")]
    for place in places:
        if place.exists():
            return (place, *(path for path in paths if "sedona-spark-shaded" not in path.name))
    raise ConfigurationError(
        f"KGQA_SPARK__GRAPHFRAMES names {wanted!r}, which is at neither of: {', '.join(map(str, places))}.",
        hint="fetch it with `mvn dependency:get -Dartifact=...`, or leave the setting at its default.",
    )


def _prepare_environment() -> None:
    """What PySpark's launcher takes from the environment only."""
    found = find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    set_environment(
        {
            "JAVA_HOME": str(java_home()),
            "SPARK_HOME": str(Path(found.origin).parent),
            # executors of local-cluster ask for it; the package has no folder that would tell
            "SPARK_SCALA_VERSION": "2.12",
            "PYSPARK_PYTHON": sys.executable,
            # without it the driver asks the resolver for its own address
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
    )
