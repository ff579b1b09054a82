"""Which documents have to be read: those that are not in the record, or in this run, as they are now.

Reads every byte once, and models not at all: a run that changes nothing costs little more than reading the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pandas as pd
from pyspark.sql import DataFrame

from kgqa.ingest.pipeline import content_hash
from kgqa.model.delta import OptionsHashes
from spark import schemas
from spark.failures import task_errors
from spark.jobs.list_sources import raw_document
from spark.progress import Counters, Stage
from spark.worker import TaskContext, store


def run(sources: DataFrame, context: TaskContext, options: OptionsHashes, stage: Stage) -> tuple[DataFrame, int]:
    """The SOURCE rows that are new or changed (kept for the job that reads them), and their number."""
    with stage.watching(sources.sparkSession.sparkContext) as counters, task_errors():
        changed = transform(sources, context, options, counters).cache()
        return changed, changed.count()


def transform(sources: DataFrame, context: TaskContext, options: OptionsHashes, counters: Counters) -> DataFrame:
    """SOURCE -> SOURCE."""

    def changed(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield batch.loc[_is_changed(batch, context, options)]
            counters.done.add(len(batch))

    return sources.mapInPandas(changed, schemas.SOURCE)


def _is_changed(batch: pd.DataFrame, context: TaskContext, options: OptionsHashes) -> list[bool]:
    hashes: dict[str, bytes] = {}
    rows = cast("list[dict[str, Any]]", batch.to_dict("records"))
    for row in rows:
        try:
            hashes[row["key"]] = content_hash(raw_document(context.collection, row))
        except OSError:
            continue  # reading it will say why
    same = store(context).unchanged(context.run, hashes, options)
    return [row["key"] not in same for row in rows]
