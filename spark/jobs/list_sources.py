"""The documents of a source, with who may read them: files of a lake, or a corpus of one JSON line per document.

Only names travel through the driver; tasks open the files. Files and folders whose name starts with `_` or `.` are no
documents. `_access.json` in a lake says who may read what: {"default": ["public"], "documents": {"a/b.md": [...]}}.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from kgqa.adapters.lakes.folder import FolderLake, local_path
from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.dedupe import listing_hash
from kgqa.model.document import PUBLIC, LakeFile, RawDocument
from kgqa.ports import Lake
from spark import schemas

ACCESS_FILE = "_access.json"
CORPUS_FILES = ("corpus.jsonl", "corpus.jsonl.gz")
#: documents in one partition: small enough to show progress and to lose little when a task fails
DOCUMENTS_PER_PARTITION = 64
#: even of a small source, so that all cores have work
PARTITIONS = 4
MOST_PARTITIONS = 2_000
#: a row of a source, with its bytes. Raises OSError, or KgqaError
ToRaw = Callable[[str, Mapping[str, Any]], RawDocument]
#: reads whatever path a row has
_THIS_MACHINE = FolderLake(path=Path("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """Who may read the documents of a source."""

    default: tuple[str, ...] = (PUBLIC,)
    documents: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def of(self, key: str) -> tuple[str, ...]:
        """The principals that may read this document."""
        return self.documents.get(key, self.default)


def run(session: SparkSession, lake: Lake, access: AccessList) -> tuple[DataFrame, int]:
    """(SOURCE, number of documents). Raises as `Lake.files` does, and InvalidInput."""
    path = lake.path if isinstance(lake, FolderLake) else None
    if path is None:
        files = list(lake.files())
        if any(file.key in CORPUS_FILES for file in files):
            raise InvalidInput("A corpus.jsonl is read from this machine only.", hint="copy it, and name the copy.")
        return from_files(session, files, access)
    corpus = next((path / name for name in CORPUS_FILES if (path / name).exists()), None)
    if corpus or path.name in CORPUS_FILES:
        return from_corpus(session, corpus or path, access)
    if path.is_file():
        raise InvalidInput(f"{path.name!r} is no source.", hint="name its folder, or a corpus.jsonl.")
    return from_files(session, lake.files(), access)


def from_files(session: SparkSession, files: Iterable[LakeFile], access: AccessList) -> tuple[DataFrame, int]:
    """SOURCE rows of files, and their number."""
    rows = [
        (f.key, f.uri, f.path, f.size, None, list(readers), listing_hash(f, readers))
        for f in files
        for readers in [access.of(f.key)]
    ]
    return spread(session.createDataFrame(rows, schemas.SOURCE), len(rows)), len(rows)


def from_corpus(session: SparkSession, corpus: Path, access: AccessList) -> tuple[DataFrame, int]:
    """SOURCE rows of a BEIR corpus ({"_id", "title", "text"} a line), and their number. Raises InvalidInput.

    A line may say who reads its document, as `principals`; what the access list says of a document wins.
    """
    lines = session.read.text(corpus.as_uri()).where(fn.trim("value") != "")
    said = fn.get_json_object("value", "$.principals")
    keyed = lines.select(
        fn.get_json_object("value", "$._id").alias("key"),
        fn.col("value").alias("line"),
        fn.array_sort(fn.array_distinct(fn.from_json(said, "array<string>"))).alias("own"),
        said.isNotNull().alias("says"),
    )
    is_list = (fn.size("own") > 0) & ~fn.exists("own", lambda name: name.isNull() | (name == ""))
    unreadable = fn.count_if(fn.col("says") & ~fn.coalesce(is_list, fn.lit(False)))
    counts = keyed.agg(fn.count("*"), fn.count("key"), fn.count_distinct("key"), unreadable).first()
    assert counts is not None
    total, with_key, distinct, without_readers = counts
    if without_readers:
        raise InvalidInput(
            f"The corpus {corpus.name} has {without_readers} lines whose `principals` are no list of names.",
            hint='write "principals": ["group:internal"], or leave it out.',
        )
    if not total == with_key == distinct:
        wrong = f"{total - with_key} lines without an `_id`, {with_key - distinct} repeated ones"
        raise InvalidInput(f"The corpus {corpus.name} has {wrong}.", hint="each line is one JSON object.")
    listed = session.createDataFrame(
        [(key, list(principals)) for key, principals in access.documents.items()], "key string, listed array<string>"
    )
    default = fn.array(*map(fn.lit, access.default))
    frame = keyed.join(fn.broadcast(listed), on="key", how="left").select(
        "key",
        fn.concat(fn.lit(corpus.as_uri() + "#"), "key").alias("uri"),
        fn.lit(None).cast("binary").alias("path"),
        fn.lit(0).cast("long").alias("size"),
        "line",
        fn.coalesce("listed", "own", default).alias("principals"),
        fn.lit("").cast("binary").alias("listing_hash"),
    )
    return spread(frame, total), total


def spread(frame: DataFrame, total: int) -> DataFrame:
    """Partitions of a bounded number of documents, by key: a resumed run has the same ones."""
    partitions = min(MOST_PARTITIONS, max(-(-total // DOCUMENTS_PER_PARTITION), min(total, PARTITIONS), 1))
    return frame.repartition(partitions, "key")


def read_access(lake: Lake, place: str | None) -> AccessList:
    """The access list of a lake: that at `place` (a file, or where its own is), else its own, else all is public."""
    if place is None or place == own_access(lake):
        name, data = ACCESS_FILE, lake.beside(ACCESS_FILE)
    else:
        path = local_path(place)
        name, data = path.name, path.read_bytes()
    if data is None:
        return AccessList()
    try:
        content: Any = json.loads(data)
        documents = {key: _principals(value) for key, value in dict(content.get("documents", {})).items()}
        return AccessList(default=_principals(content.get("default", [PUBLIC])), documents=documents)
    except (ValueError, TypeError, AttributeError) as problem:
        raise InvalidInput(
            f"The access list {name} is not valid: {problem}.",
            hint='write {"default": ["public"], "documents": {"path/in/folder.md": ["group:internal"]}}.',
        ) from None


def own_access(lake: Lake) -> str:
    """Where the access list of a lake lies, if it has one."""
    return f"{lake.uri}/{ACCESS_FILE}"


def raw_document(
    collection: str, row: Mapping[str, Any], *, lake: Lake = _THIS_MACHINE, most_bytes: int | None = None
) -> RawDocument:
    """A SOURCE row, with its bytes. Raises OSError where the file cannot be read, LimitExceeded where it is too big."""
    principals = tuple(row["principals"])
    if row["line"] is None:
        if most_bytes is not None and row["size"] > most_bytes:
            raise LimitExceeded(
                f"The document has {row['size']:,} bytes, more than {most_bytes:,}.", hint="split it into parts."
            )
        return RawDocument(
            collection=collection,
            key=row["key"],
            uri=row["uri"],
            data=lake.read(bytes(row["path"])),
            principals=principals,
            listing_hash=bytes(row.get("listing_hash") or b""),
        )
    content = cast("dict[str, object]", json.loads(row["line"]))
    title = str(content.get("title") or "")
    return RawDocument(
        collection=collection,
        key=row["key"],
        uri=row["uri"],
        data=str(content.get("text") or "").encode(),
        media_type="text/plain",
        principals=principals,
        metadata={"title": title} if title else {},
    )


def _principals(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise TypeError(f"{value!r} is not a list of principals")
    return tuple(sorted(set(cast("list[str]", value))))
