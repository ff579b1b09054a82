"""Several sets in one collection: does a set's ranking hold among everybody's documents?"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from kgqa.errors import InvalidInput
from kgqa.evaluation.datasets import COLLECTION_PREFIX, Dataset


def pool_name(datasets: Sequence[Dataset]) -> str:
    """Name of the collection: the same for the same sets in any order. Raises `InvalidInput`."""
    names = sorted(dataset.folder.name for dataset in datasets)
    if len(set(names)) < len(names):
        raise InvalidInput("Two of the sets have the same name.", hint="documents are told apart by it.")
    return f"{COLLECTION_PREFIX}pool-{sha256(' '.join(names).encode()).hexdigest()[:8]}"


def write_pool(datasets: Sequence[Dataset], folder: Path) -> int:
    """Write the corpora as one, ids prefixed by their set; number of documents. Writing it again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    partial = folder / "partial"
    # without a time in its head, the same content is the same file
    with partial.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        for dataset in datasets:
            for row in dataset.corpus():
                line = {**row, "_id": pooled_key(dataset, str(row["_id"]))}
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                count += 1
    partial.replace(folder / "corpus.jsonl.gz")
    return count


def pooled_key(dataset: Dataset, key: str) -> str:
    """Id of a document in the pool."""
    return f"{dataset.folder.name}/{key}"


def pooled(dataset: Dataset) -> Dataset:
    """The set with the ids that its documents have in the pool."""
    gold = {query: frozenset(pooled_key(dataset, key) for key in keys) for query, keys in dataset.gold.items()}
    return replace(dataset, gold=gold)
