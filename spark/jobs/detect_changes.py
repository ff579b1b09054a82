"""Which documents have to be read: those that are not in the record, or in this run, as they are now.

A listing that says what it said before is enough, and a document that is new is read anyway; only in between is the
content compared. So a run that changes nothing costs little more than listing the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pandas as pd
from pyspark.sql import DataFrame

from kgqa.errors import LimitExceeded
from kgqa.ingest.pipeline import content_hash
from kgqa.model.delta import OptionsHashes
from spark import schemas
from spark.failures import task_errors
from spark.jobs.list_sources import ToRaw
from spark.progress import Counters, Stage
from spark.worker import TaskContext, store


def run(
    sources: DataFrame, context: TaskContext, options: OptionsHashes, stage: Stage, to_raw: ToRaw
) -> tuple[DataFrame, int]:
    """The SOURCE rows that are new or changed (kept for the job that reads them), and their number."""
    with stage.watching(sources.sparkSession.sparkContext) as counters, task_errors():
        changed = transform(sources, context, options, counters, to_raw).cache()
        return changed, changed.count()


def transform(
    sources: DataFrame, context: TaskContext, options: OptionsHashes, counters: Counters, to_raw: ToRaw
) -> DataFrame:
    """SOURCE -> SOURCE."""

    def changed(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield batch.loc[_is_changed(batch, context, options, to_raw)]
            counters.done.add(len(batch))

    return sources.mapInPandas(changed, schemas.SOURCE)


def _is_changed(batch: pd.DataFrame, context: TaskContext, options: OptionsHashes, to_raw: ToRaw) -> list[bool]:
    record = store(context)
    rows = cast("list[dict[str, Any]]", batch.to_dict("records"))
    listings = {row["key"]: bytes(row["listing_hash"]) for row in rows if row["listing_hash"]}
    as_listed = record.unchanged(context.run, listings, options, by_listing=True)
    rest = [row for row in rows if row["key"] not in as_listed]
    known = record.known_keys(context.collection, [row["key"] for row in rest])
    hashes: dict[str, bytes] = {}
    for row in rest:
        try:
            if row["key"] in known:
                hashes[row["key"]] = content_hash(to_raw(context.collection, row))
        except (OSError, LimitExceeded):
            continue  # reading it will say why
    same = record.unchanged(context.run, hashes, options)
    record.note_listing(context.run, {key: hashes[key] for key in same}, listings)
    return [row["key"] not in as_listed | same for row in rows]
