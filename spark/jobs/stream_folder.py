"""A watched folder into the record: what is new, changed or gone since it was read last, batch by batch.

Spark's own file source sees new files only. So the driver lists the folder, compares size and time of each file with
what the record remembers, and then the content's hash; what two listings in a row saw alike counts. Who may
read what is in `_access.json`, as for a batch ingest. Only files that were read from this folder can be gone from it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kgqa.adapters.lakes.folder import FolderLake
from kgqa.adapters.postgres.event_log import Batch, WatchedFile
from kgqa.errors import NotFound
from kgqa.ingest.pipeline import content_hash, options_hashes, stage_versions
from kgqa.model.document import LakeFile, Source
from spark.jobs import list_sources
from spark.jobs.apply_changes import Applier, Work
from spark.jobs.list_sources import AccessList, raw_document, read_access
from spark.jobs.stream_kafka import BatchReport

#: a folder that had so many files and now has none is rather not mounted than emptied
EMPTIED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What is watched."""

    path: Path
    collection: str
    #: access lists; None: those that lie in the folder
    access: str | None = None

    @property
    def uri(self) -> str:
        """Its name in the record."""
        return self.path.as_uri()

    @property
    def stream(self) -> str:
        """What it is called in metrics."""
        return f"folder:{self.collection}"

    @property
    def query(self) -> str:
        """What its batches are called."""
        return f"folder:{self.collection}:{self.uri}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a listing says that the record does not know yet."""

    changed: Sequence[WatchedFile] = ()
    gone: Sequence[str] = ()
    #: files that were still being written
    waiting: int = 0


class Watch:
    """Listings of one folder, one after the other."""

    def __init__(self, applier: Applier, folder: Folder) -> None:
        self.folder = folder
        self._applier = applier
        services = applier.services
        self._collection_id = applier.collection_id(folder.collection)
        services.store.remember_source(folder.collection, Source(uri=folder.uri, access_uri=folder.access))
        self.recall()
        self._number = services.events.last_batch(folder.query)
        self._before: Mapping[str, WatchedFile] | None = None
        applier.settle(folder.collection)  # the driver may have ended between publishing and this

    def recall(self) -> None:
        """Ask the record again what of the folder was read: somebody else has deleted documents."""
        self._known = dict(self._applier.services.events.watched(self._collection_id, self.folder.uri))

    def settle(self) -> None:
        """Bring graph and entities up to documents that were deleted beside the batches."""
        self._applier.settle(self.folder.collection)

    def look(self) -> Difference:
        """List the folder. Raises NotFound when it is not there, InvalidInput when its access lists are not valid."""
        if not self.folder.path.is_dir():
            raise NotFound(f"The folder {self.folder.path} is not there; nothing is deleted.")
        now = scan(self.folder.path, read_access(FolderLake(path=self.folder.path), self.folder.access))
        if not now and len(self._known) > EMPTIED:
            raise NotFound(
                f"The folder {self.folder.path} is empty and had {len(self._known)} files; nothing is deleted.",
                hint="is it mounted? `kgqa delete` deletes documents by key.",
            )
        found = difference(now, self._before, self._known)
        self._before = now
        gone = [key for key in found.gone if is_gone(self.folder.path, self._known[key])]
        return replace(found, gone=gone)

    def apply(self, found: Difference) -> BatchReport:
        """Apply a part of the difference, as much as one batch holds."""
        applier, folder = self._applier, self.folder
        applier.seconds = {}
        most = applier.settings.stream.batch_documents
        files, gone = found.changed[:most], found.gone[:most]
        self._number += 1
        report = BatchReport(number=self._number, events=len(files) + len(gone))
        with applier.timed("decide"):
            run = applier.open_run(folder.collection)
            changed = self._changed(run, files)
            rows = [LakeFile(key=f.key, uri=_uri(f.path), path=f.path, size=f.size) for f in changed]
            readers = {f.key: f.principals for f in changed}
            access = AccessList(documents=readers)
            sources = list_sources.from_files(applier.session, rows, access)[0] if rows else None
        work = Work(collection=folder.collection, sources=sources, upserts=readers, deletions=tuple(gone))
        failed = 0
        if work:
            applier.stage(run, work)
            failed = len(applier.services.events.failed(run))
        outcomes = {"upsert": len(changed), "unchanged": len(files) - len(changed), "delete": len(gone)}
        outcomes = {name: count for name, count in {**outcomes, "failed": failed}.items() if count}
        edited = [f.modified_ns / 1e9 for f in changed if f.key in self._known and self._known[f.key].size >= 0]
        batch = Batch(
            query=folder.query, number=self._number, collection_id=self._collection_id, stream=folder.stream,
            outcomes=outcomes, lag_seconds=max(0.0, time.time() - min(edited)) if edited else None,
            folder=folder.uri, files=files, gone=gone,
        )  # fmt: skip
        published = applier.publish(run if work else None, batch)
        self._known |= {file.key: file for file in files}
        for key in gone:
            self._known.pop(key, None)
        if work:
            applier.settle(folder.collection)
        report.count(outcomes)
        report.chunks_added = published.chunks_added
        report.reasons = [(key, reason) for key, reason in published.reasons]
        report.lag_seconds = batch.lag_seconds
        return report

    def _changed(self, run: int, files: Sequence[WatchedFile]) -> list[WatchedFile]:
        """Those whose content or readers are not what the record has."""
        versions = stage_versions(self._applier.parts(self.folder.collection))
        hashes: dict[str, bytes] = {}
        for file in files:
            row = {"key": file.key, "uri": _uri(file.path), "path": file.path, "line": None}
            try:
                raw = raw_document(self.folder.collection, {**row, "principals": file.principals})
                hashes[file.key] = content_hash(raw)
            except OSError:
                continue  # reading it will say why
        same = self._applier.services.store.unchanged(run, hashes, options_hashes(versions))
        return [file for file in files if file.key not in same]


def scan(folder: Path, access: AccessList) -> dict[str, WatchedFile]:
    """By key the files below a folder that are documents, as `FolderLake.files` lists them."""
    found: dict[str, WatchedFile] = {}
    root = os.fsencode(folder)
    todo = [root]
    while todo:
        directory = todo.pop()
        try:
            entries = list(os.scandir(directory))
        except OSError:
            continue  # its files are not gone: see `is_gone`
        for entry in entries:
            if entry.name.startswith((b"_", b".")):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                    continue
                stat = entry.stat()
            except OSError:
                continue
            if entry.is_dir():
                continue
            key = entry.path[len(root) + 1 :].decode("utf-8", "replace")
            found[key] = WatchedFile(
                key=key, path=entry.path, size=stat.st_size, modified_ns=stat.st_mtime_ns, principals=access.of(key)
            )
    return found


def difference(
    now: Mapping[str, WatchedFile], before: Mapping[str, WatchedFile] | None, known: Mapping[str, WatchedFile]
) -> Difference:
    """What is new in this listing, given the one before (None: this is the first) and what was read last.

    What only one listing has seen waits: a file may be half written, or be replaced at this moment.
    """
    earlier = before or {}
    new = [file for key, file in sorted(now.items()) if known.get(key) != file]
    changed = [file for file in new if _is_alike(file, earlier.get(file.key)) or _is_alike(file, known.get(file.key))]
    absent = [key for key in sorted(known) if key not in now]
    gone = [key for key in absent if before is not None and key not in before]
    return Difference(changed=changed, gone=gone, waiting=len(new) - len(changed) + len(absent) - len(gone))


def _is_alike(file: WatchedFile, other: WatchedFile | None) -> bool:
    return other is not None and (file.size, file.modified_ns) == (other.size, other.modified_ns)


def is_gone(folder: Path, file: WatchedFile) -> bool:
    """Whether nothing is in its place any more; a folder that cannot be opened does not say so."""
    try:
        os.lstat(file.path or os.path.join(os.fsencode(folder), os.fsencode(file.key)))  # noqa: PTH118 - bytes
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return True
    except OSError:
        return False
    return _is_hidden(file.key)


def _is_hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def _uri(path: bytes) -> str:
    return Path(os.fsdecode(path)).as_uri()
