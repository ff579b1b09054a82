"""What a stream takes away is not read before its batch: deletions and access lists, and files that leave a folder."""

from __future__ import annotations

import json
import shutil
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from kgqa.adapters.kafka.broker import Broker
from kgqa.bootstrap import Services
from kgqa.errors import DependencyUnavailable
from kgqa.ingest.events import Registers
from kgqa.model.answer import Caller
from kgqa.model.identity import document_id
from spark.jobs.apply_changes import Applier
from spark.jobs.stream_folder import Folder, Watch
from spark.jobs.stream_kafka import BatchReport, Topic
from spark.overtaking import MOST_BYTES, FolderOvertaker, TopicOvertaker, overtaking
from spark.streaming import run_folder
from tests.integration.spark.events import event, publish, stream_once
from tests.integration.spark.lake import Servers

PUBLIC = Caller(subject="", principals=("public",))
_MOST_SECONDS = 30


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _MOST_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def unheard(*_: object) -> None:
    """Nobody listens to what was published."""


def readable(services: Services, key: str) -> bool:
    return services.library.document(PUBLIC, document_id("lake", key)) is not None


@contextmanager
def topic_overtaken(services: Services, broker: Broker, name: str) -> Iterator[None]:
    """Once it listens: it starts at the end of the topic, so a document of its own is deleted until it says so."""
    topic = Topic(broker=broker, name=name, dead_letters=f"{name}.dead-letters")
    ahead = TopicOvertaker(services, topic, unheard)
    collection = services.store.collection("lake").id
    with overtaking(ahead.follow, wanted=True):
        versions = iter(range(1, 1_000))

        def listens() -> bool:
            publish(broker, name, [event("delete", "probe.md", next(versions))])
            time.sleep(0.2)
            return bool(services.events.registers(collection, ["probe.md"]))

        until(listens)
        yield


def test_deletions_and_access_lists_do_not_wait_for_their_batch(
    session: SparkSession, services: Services, servers: Servers, broker: Broker, topic: str
) -> None:
    publish(broker, topic, [event("upsert", f"{i}.md", 1) for i in range(3)])
    stream_once(session, services, servers, broker, topic)
    collection = services.store.collection("lake").id
    with topic_overtaken(services, broker, topic):
        long = json.loads(event("delete", "2.md", 5)) | {
            "metadata": {str(i): "x" * 4_000 for i in range(MOST_BYTES // 4_000 + 1)}
        }
        publish(
            broker,
            topic,
            [
                b"{",
                json.dumps(long).encode(),
                event("upsert", "0.md", 2, "# Later\n\nA batch brings it.\n"),
                event("acl", "1.md", 4, principals=["group:internal"]),
                event("delete", "0.md", 3),
            ],
        )
        until(lambda: not readable(services, "0.md") and not readable(services, "1.md"))
        assert readable(services, "2.md"), "no long message is read ahead"
    known = services.events.registers(collection, ["0.md", "1.md"])
    assert known["0.md"] == Registers(content_version=3, access_version=1, principals=("public",))
    assert known["1.md"] == Registers(
        content_version=1, access_version=4, principals=("group:internal",), is_there=True
    )

    (rest,) = stream_once(session, services, servers, broker, topic, from_start=True)
    assert rest["outcomes"]["delete"] == 1, "the long one"
    # a document that was deleted ahead of its batch does not come back
    assert [row[0] for row in servers.content()["document"]] == ["1.md"]
    assert services.graph.project() == 0
    assert not services.graph.compare(services.store.generation().id)


def test_a_file_that_leaves_its_folder_is_deleted_before_the_next_listing(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    (lake / "part").mkdir(parents=True)
    for name in ("a.md", "b.md", "kept.md", "part/c.md", "part/d.md"):
        (lake / name).write_text(f"# {name}\n\nNorthline Castings makes {name}.\n")
    settings = servers.settings.model_copy(
        update={"stream": servers.settings.stream.model_copy(update={"interval_seconds": 0.05})}
    )
    options = Namespace(source=str(lake), collection="lake", access=None, once=True)
    run_folder(session, services, servers.endpoints, settings, options, lambda _: None)
    folder = Folder(path=lake, collection="lake")
    watch = Watch(Applier(session, services, servers.endpoints, settings, folder.query), folder)
    said: list[BatchReport] = []
    ahead = FolderOvertaker(services, folder, lambda report, _seconds, _all: said.append(report))

    def leaves() -> bool:
        (lake / "a.md").touch()  # it may not be listened yet
        (lake / "a.md").unlink()
        time.sleep(0.5)
        return not readable(services, "a.md")

    with overtaking(ahead.follow, wanted=True):
        until(leaves)
        replacement = tmp_path / "new.md"
        replacement.write_text("# Kept\n\nIt was replaced in one step.\n")
        replacement.replace(lake / "kept.md")
        (lake / "part").rename(tmp_path / "elsewhere")
        until(lambda: not readable(services, "part/c.md") and not readable(services, "part/d.md"))
        assert readable(services, "b.md")
        assert readable(services, "kept.md")
    assert ahead.has_deleted.is_set()
    assert all(report.is_ahead for report in said)
    assert sum(report.outcomes["delete"] for report in said) == 3
    watch.recall()
    assert sorted(services.store.keys("lake")) == ["a.md", "b.md", "kept.md", "part/c.md", "part/d.md"]
    watch.look()
    assert watch.look().gone == [], "what is hidden is no longer the listing's"
    watch.settle()
    assert sorted(services.store.keys("lake")) == ["b.md", "kept.md"]
    assert not services.graph.compare(services.store.generation().id)
    watch.look()
    found = watch.look()
    assert (found.gone, [file.key for file in found.changed]) == ([], ["kept.md"])
    (lake / "a.md").write_text("# a.md\n\nIt is back.\n")
    watch.look()
    assert "a.md" in [file.key for file in watch.look().changed]
    assert services.events.totals()["folder:lake", "delete"][0] == 3


def test_a_folder_that_is_emptied_at_once_or_goes_away_is_left_to_the_listing(
    session: SparkSession, services: Services, servers: Servers, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    for i in range(11):
        (lake / f"{i}.md").write_text(f"# Note {i}\n\nWritten once.\n")
    options = Namespace(source=str(lake), collection="lake", access=None, once=True)
    run_folder(session, services, servers.endpoints, servers.settings, options, lambda _: None)
    ahead = FolderOvertaker(services, Folder(path=lake, collection="lake"), unheard)
    everything = [str(path) for path in lake.iterdir()]
    for path in lake.iterdir():
        path.unlink()
    ahead.delete(everything)
    assert all(readable(services, f"{i}.md") for i in range(11))
    (lake / "10.md").write_text("# Note 10\n\nWritten once.\n")
    shutil.move(lake, tmp_path / "away")
    ahead.delete(everything)
    assert all(readable(services, f"{i}.md") for i in range(11))
    shutil.move(tmp_path / "away", lake)
    ahead.delete(everything)
    assert [i for i in range(11) if readable(services, f"{i}.md")] == [10]


def test_a_server_that_is_away_does_not_end_the_stream() -> None:
    tried = threading.Event()

    def follow(_stopping: threading.Event) -> None:
        tried.set()
        raise DependencyUnavailable("Kafka does not answer.")

    with overtaking(follow, wanted=True):
        assert tried.wait(5)
