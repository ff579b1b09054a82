"""The documents of a source, with who may read them: a folder of files, or a corpus of one JSON line per document.

Only names travel through the driver; tasks open the files. Files and folders whose name starts with `_` or `.` are no
documents. `_access.json` in a folder says who may read what: {"default": ["public"], "documents": {"a/b.md": [...]}}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from kgqa.errors import InvalidInput, NotFound
from kgqa.model.document import PUBLIC, RawDocument
from spark import schemas

ACCESS_FILE = "_access.json"
CORPUS_FILES = ("corpus.jsonl", "corpus.jsonl.gz")
#: documents in one partition: small enough to show progress and to lose little when a task fails
DOCUMENTS_PER_PARTITION = 64
#: even of a small source, so that all cores have work
PARTITIONS = 4
MOST_PARTITIONS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """Who may read the documents of a source."""

    default: tuple[str, ...] = (PUBLIC,)
    documents: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def of(self, key: str) -> tuple[str, ...]:
        """The principals that may read this document."""
        return self.documents.get(key, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that is a document."""

    #: path inside the folder
    key: str
    uri: str
    #: as the file system has it; names need not be text
    path: bytes


def run(session: SparkSession, source: str, access: AccessList) -> tuple[DataFrame, int]:
    """(SOURCE, number of documents). Raises NotFound or InvalidInput."""
    path = local_path(source)
    corpus = next((path / name for name in CORPUS_FILES if (path / name).exists()), None)
    if corpus or path.name in CORPUS_FILES:
        return from_corpus(session, corpus or path, access)
    if path.is_file():
        raise InvalidInput(f"{path.name!r} is no source.", hint="name its folder, or a corpus.jsonl.")
    return from_files(session, list_folder(path), access)


def from_files(session: SparkSession, files: Iterable[SourceFile], access: AccessList) -> tuple[DataFrame, int]:
    """SOURCE rows of files, and their number."""
    rows = [(f.key, f.uri, f.path, None, list(access.of(f.key))) for f in files]
    return spread(session.createDataFrame(rows, schemas.SOURCE), len(rows)), len(rows)


def from_corpus(session: SparkSession, corpus: Path, access: AccessList) -> tuple[DataFrame, int]:
    """SOURCE rows of a BEIR corpus ({"_id", "title", "text"} a line), and their number. Raises InvalidInput."""
    lines = session.read.text(corpus.as_uri()).where(fn.trim("value") != "")
    keyed = lines.select(fn.get_json_object("value", "$._id").alias("key"), fn.col("value").alias("line"))
    counts = keyed.agg(fn.count("*"), fn.count("key"), fn.count_distinct("key")).first()
    assert counts is not None
    total, with_key, distinct = counts
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
        "line",
        fn.coalesce("listed", default).alias("principals"),
    )
    return spread(frame, total), total


def spread(frame: DataFrame, total: int) -> DataFrame:
    """Partitions of a bounded number of documents, by key: a resumed run has the same ones."""
    partitions = min(MOST_PARTITIONS, max(-(-total // DOCUMENTS_PER_PARTITION), min(total, PARTITIONS), 1))
    return frame.repartition(partitions, "key")


def local_path(source: str) -> Path:
    """The folder or file that a source names, as a path or `file:` URI. Raises NotFound."""
    parts = urlsplit(source)
    if parts.scheme == "file":
        source = unquote(parts.path)
    elif len(parts.scheme) > 1:
        raise InvalidInput(f"Sources of the kind {parts.scheme}: are not read.", hint="name a folder.")
    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise NotFound(f"There is no source {str(path)!r}.")
    return path


def list_folder(folder: Path) -> Iterator[SourceFile]:
    """Files below a folder; the key is the path inside it, with `/`.

    Raises InvalidInput where a folder cannot be listed: what is in it would look deleted.
    """
    for directory, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        for name in sorted(files):
            if name.startswith(("_", ".")):
                continue
            path = Path(directory, name)
            key = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
            yield SourceFile(key=key, uri=path.as_uri(), path=os.fsencode(path))


def _refuse(problem: OSError) -> None:
    raise InvalidInput(
        f"The folder {problem.filename!r} cannot be listed: {problem.strerror or problem}.",
        hint="give the right to read it, or rename it so that it starts with `_` to leave it out.",
    )


def read_access(source: str, file: str | None) -> AccessList:
    """The access list of a source: the given file, else the one in the folder, else everything is public."""
    path = local_path(file) if file else local_path(source) / ACCESS_FILE
    if not path.exists():
        return AccessList()
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        documents = {key: _principals(value) for key, value in dict(content.get("documents", {})).items()}
        return AccessList(default=_principals(content.get("default", [PUBLIC])), documents=documents)
    except (ValueError, TypeError, AttributeError) as problem:
        raise InvalidInput(
            f"The access list {path.name} is not valid: {problem}.",
            hint='write {"default": ["public"], "documents": {"path/in/folder.md": ["group:internal"]}}.',
        ) from None


def raw_document(collection: str, row: Mapping[str, Any]) -> RawDocument:
    """A SOURCE row, with its bytes. Raises OSError when the file cannot be read."""
    principals = tuple(row["principals"])
    if row["line"] is None:
        data = Path(os.fsdecode(bytes(row["path"]))).read_bytes()
        return RawDocument(collection=collection, key=row["key"], uri=row["uri"], data=data, principals=principals)
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
