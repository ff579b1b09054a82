"""Documents into the record: read, match the dictionary, enrich, stage. The steps are those of `ingest.pipeline`.

A task handles its documents in small batches and stages each batch as it is done, so that a run that is cut short
goes on where it stopped. Only counts come back to the driver. Where the dictionary is matched by Spark NLP, a task
is Python, then the ruler in the JVM, then Python again; otherwise both Python halves are one.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from kgqa.errors import ConfigurationError, DependencyUnavailable, KgqaError
from kgqa.ingest.dictionary import Dictionary
from kgqa.ingest.pipeline import IngestOptions, ReadDocument, enrich, read_document
from kgqa.logs import logger
from kgqa.model.document import Outcome, RawDocument
from kgqa.model.mention import DictionaryMatch
from spark import schemas
from spark.failures import task_errors
from spark.jobs import match_dictionary
from spark.jobs.list_sources import ToRaw, raw_document
from spark.progress import Counters, Stage
from spark.session import own_workers
from spark.worker import TaskContext, ingest_parts, store

#: what is enriched and staged together: enough for full batches of the models, little to lose
BATCH_DOCUMENTS = 64
BATCH_CHUNKS = 256
#: rows of one Arrow batch between the two halves of a task; rows hold whole documents
READING_ROWS = 16

log = logger(__name__)


def run(
    sources: DataFrame,
    context: TaskContext,
    *,
    options: IngestOptions,
    dictionary: Dictionary,
    ruler_folder: Path | None,
    stage: Stage,
    to_raw: ToRaw = raw_document,
) -> Mapping[str, tuple[int, int]]:
    """By outcome the number of documents and of chunks. `ruler_folder`: match the dictionary with Spark NLP.

    `to_raw` says what a row of `sources` holds; it has at least `key`, `uri` and `principals`.
    """
    with stage.watching(sources.sparkSession.sparkContext) as counters, task_errors():
        outcomes = transform(
            sources,
            context,
            options=options,
            dictionary=dictionary,
            ruler_folder=ruler_folder,
            counters=counters,
            to_raw=to_raw,
        )
        totals = outcomes.groupBy("outcome").agg(
            fn.sum("documents").alias("documents"), fn.sum("chunks").alias("chunks")
        )
        return {row["outcome"]: (row["documents"], row["chunks"]) for row in totals.collect()}


def transform(
    sources: DataFrame,
    context: TaskContext,
    *,
    options: IngestOptions,
    dictionary: Dictionary,
    ruler_folder: Path | None,
    counters: Counters,
    to_raw: ToRaw = raw_document,
) -> DataFrame:
    """SOURCE -> OUTCOME; documents are staged on the way."""

    def read(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            rows = cast("list[dict[str, Any]]", batch.to_dict("records"))
            for first in range(0, len(rows), READING_ROWS):
                group = rows[first : first + READING_ROWS]
                some = [read_source(context.collection, row, options, to_raw) for row in group]
                yield _reading_frame(some)

    def stage(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        speller = match_dictionary.Speller(dictionary)
        rows = (row for batch in batches for row in cast("list[dict[str, Any]]", batch.to_dict("records")))
        for some in _batches(rows):
            yield _stage(some, context, speller, counters)

    with own_workers(sources.sparkSession, "models"):
        if ruler_folder is None or not dictionary.rules():
            return sources.mapInPandas(lambda batches: stage(read(batches)), schemas.OUTCOME)
    readings = sources.mapInPandas(read, schemas.READING)
    matched = match_dictionary.transform(readings, dictionary, ruler_folder)
    with own_workers(sources.sparkSession, "models"):
        return matched.mapInPandas(stage, schemas.OUTCOME)


def read_source(
    collection: str, row: Mapping[str, Any], options: IngestOptions, to_raw: ToRaw = raw_document
) -> ReadDocument:
    """A source read; whatever is wrong with one document ends as its reason, and the run goes on.

    Raises DependencyUnavailable and ConfigurationError: what concerns all documents of a source is not one's reason.
    """
    try:
        raw = to_raw(collection, row)
    except (DependencyUnavailable, ConfigurationError):
        raise
    except (OSError, KgqaError) as problem:
        is_file = isinstance(problem, OSError)
        nothing = RawDocument(
            collection=collection,
            key=row["key"],
            uri=row["uri"],
            data=b"",
            principals=tuple(row["principals"]),
            listing_hash=b"" if is_file else bytes(row.get("listing_hash") or b""),
        )
        reason = f"The file cannot be read: {problem.strerror or problem}." if is_file else str(problem)
        return ReadDocument(raw=nothing, document=None, outcome=Outcome.FAILED, reason=reason)
    try:
        return read_document(raw, options)
    except Exception as problem:  # the edge between one document and the run
        log.exception("ingest.read.failed", key=raw.key)
        reason = f"Reading it stopped with an unexpected {type(problem).__name__}."
        return ReadDocument(raw=raw, document=None, outcome=Outcome.FAILED, reason=reason)


def _reading_frame(readings: Sequence[ReadDocument]) -> pd.DataFrame:
    rows = [(r.raw.key, pickle.dumps(r), [c.id for c in r.chunks], [c.text for c in r.chunks]) for r in readings]
    return schemas.frame(rows, schemas.READING)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in groups of a bounded number of documents and chunks."""
    batch: list[dict[str, Any]] = []
    chunks = 0
    for row in rows:
        batch.append(row)
        chunks += len(row["chunk_ids"])
        if len(batch) >= BATCH_DOCUMENTS or chunks >= BATCH_CHUNKS:
            yield batch
            batch, chunks = [], 0
    if batch:
        yield batch


def _stage(
    rows: Sequence[Mapping[str, Any]], context: TaskContext, speller: match_dictionary.Speller, counters: Counters
) -> pd.DataFrame:
    readings = [cast("ReadDocument", pickle.loads(row["reading"])) for row in rows]  # noqa: S301 - our own, from `read`
    deltas = enrich(readings, ingest_parts(context), dictionary_matches=_matches(rows, speller))
    store(context).stage(context.run, deltas)
    counters.done.add(len(deltas))
    counters.failed.add(sum(delta.outcome is Outcome.FAILED for delta in deltas))
    outcomes = [(delta.outcome.value, 1, len(delta.chunks)) for delta in deltas]
    return schemas.frame(outcomes, schemas.OUTCOME)


def _matches(
    rows: Sequence[Mapping[str, Any]], speller: match_dictionary.Speller
) -> dict[int, Sequence[DictionaryMatch]] | None:
    """Matches by chunk id; None where no ruler ran."""
    if not rows or "regions" not in rows[0]:
        return None
    found: dict[int, Sequence[DictionaryMatch]] = {}
    for row in rows:
        found |= speller.matches(row["chunk_ids"], row["texts"], row["regions"])
    return found
