"""The projection in Neo4j, brought up to the record. The projector is one process by design; this only drives it."""

from __future__ import annotations

from kgqa.ports import GraphStore
from spark.progress import Stage


def run(graph: GraphStore, stage: Stage) -> None:
    """Project until nothing is dirty."""
    done = 0
    while keys := graph.project():
        done += keys
        stage.update(done)
