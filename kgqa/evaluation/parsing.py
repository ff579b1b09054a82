"""How well files are read: every file of a folder through the parser, and its text against a reference text.

The folder is laid out as the test data of docling: below a folder of each format are `sources/` and `groundtruth/`, and
the reference of `sources/a.docx` is `groundtruth/a.docx.md` or `groundtruth/a.md` (below `groundtruth/` it may lie
deeper, under the name of an OCR engine: the first of RapidOCR's, else the first). A reference is read by the Markdown
reader, so that on both sides a table is rows with the names of their columns.

Two measures, on lower-case words (runs of letters and digits): `similarity` is rapidfuzz's normalised Indel similarity
of the two sequences of words, 1 - (insertions + deletions) / (words of both); `words found` is the share of the
reference's words, counted with their number, that the text has, whatever their order.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from rapidfuzz.distance import Indel

from kgqa.ingest.parse import FormatReader, ParseLimits, parse
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import Outcome, RawDocument

SOURCES, REFERENCES = "sources", "groundtruth"

_WORD = re.compile(r"[^\W_]+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """What reading one file gave."""

    path: str
    format: str
    #: `indexed`, `skipped`, `failed`; `crashed` where the parser raised what it must not raise
    outcome: str
    reason: str
    seconds: float
    characters: int
    #: of files with a reference
    similarity: float | None = None
    words_found: float | None = None


def read_folder(
    folder: Path, reader: FormatReader, limits: ParseLimits, progress: Callable[[str], None] = lambda _: None
) -> list[FileReading]:
    """Every file below the folder except references, in the order of their names; never raises for a file."""
    options = IngestOptions(limits=limits, reader=reader)
    readings: list[FileReading] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and REFERENCES not in path.parts):
        progress(path.relative_to(folder).as_posix())
        readings.append(_read(path, folder, options))
    return readings


def reference_of(path: Path) -> Path | None:
    """The reference text of a source file."""
    folder = path.parent.parent / REFERENCES
    if path.parent.name != SOURCES:
        folder = path.parent / REFERENCES
    for name in (f"{path.name}.md", f"{path.stem}.md"):
        if (folder / name).is_file():
            return folder / name
    found = sorted(folder.rglob(f"{path.stem}.*.md"), key=lambda found: ("rapidocr" not in found.parts, found))
    return found[0] if found else None


def similarity(text: str, reference: str) -> float:
    """Normalised Indel similarity of the words.

    >>> similarity("The seal kit, PN 77", "the SEAL kit PN-77")
    1.0
    """
    return Indel.normalized_similarity(words(text), words(reference))


def words_found(text: str, reference: str) -> float:
    """The share of the reference's words that the text has."""
    wanted = Counter(words(reference))
    return (wanted & Counter(words(text))).total() / max(1, wanted.total())


def words(text: str) -> list[str]:
    """Runs of letters and digits in lower case."""
    return _WORD.findall(text.lower())


def by_format(readings: Sequence[FileReading]) -> list[Mapping[str, object]]:
    """One row for each format: counts, means over files with a reference that were indexed, seconds."""
    rows: list[Mapping[str, object]] = []
    for name in sorted({reading.format for reading in readings}):
        some = [reading for reading in readings if reading.format == name]
        compared = [reading for reading in some if reading.similarity is not None]
        outcomes = Counter(reading.outcome for reading in some)
        rows.append(
            {
                "format": name,
                "files": len(some),
                **{outcome: outcomes[outcome] for outcome in ("indexed", "skipped", "failed", "crashed")},
                "compared": len(compared),
                "similarity": fmean(r.similarity or 0.0 for r in compared) if compared else None,
                "words_found": fmean(r.words_found or 0.0 for r in compared) if compared else None,
                "seconds": sum(reading.seconds for reading in some),
            }
        )
    return rows


def report(readings: Sequence[FileReading]) -> dict[str, object]:
    """All of it for machines."""
    return {"formats": by_format(readings), "files": [asdict(reading) for reading in readings]}


def table(readings: Sequence[FileReading]) -> Iterator[str]:
    """The rows as lines of text, then every file that was not indexed with its reason."""
    counted = ("files", "indexed", "skipped", "failed", "crashed", "compared")
    yield f"{'format':12}" + "".join(f"{name:>10}" for name in (*counted, "similar", "found", "seconds"))
    for row in by_format(readings):
        shares = "".join(f"{_share(row[name]):>10}" for name in ("similarity", "words_found"))
        yield f"{row['format']:12}" + "".join(f"{row[name]:10}" for name in counted) + f"{shares}{row['seconds']:10.1f}"
    for reading in readings:
        if reading.outcome != Outcome.INDEXED.value:
            yield f"{reading.outcome}: {reading.path}: {' '.join(reading.reason.split())}"


def _share(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-"


def _read(path: Path, folder: Path, options: IngestOptions) -> FileReading:
    name = path.relative_to(folder).as_posix()
    started = time.perf_counter()
    text, reason = "", ""
    try:
        raw = RawDocument(collection="parsing", key=name, uri="", data=path.read_bytes())
        reading = read_document(raw, options)
        outcome, reason = reading.outcome.value, reading.reason
        text = reading.document.text if reading.document else ""
    except Exception as problem:  # noqa: BLE001 - a crash of the parser is what is counted here
        outcome, reason = "crashed", f"{type(problem).__name__}: {problem}"
    seconds = time.perf_counter() - started
    expected = _reference(path) if text else None
    return FileReading(
        path=name,
        format=_format(name, path),
        outcome=outcome,
        reason=reason,
        seconds=round(seconds, 3),
        characters=len(text),
        similarity=None if expected is None else similarity(text, expected),
        words_found=None if expected is None else words_found(text, expected),
    )


def _format(name: str, path: Path) -> str:
    """The folder on top, for files that lie in one."""
    return name.split("/")[0] if "/" in name else path.suffix.lstrip(".").lower() or "-"


def _reference(path: Path) -> str | None:
    found = reference_of(path)
    if found is None:
        return None
    text = _COMMENT.sub("", found.read_text(encoding="utf-8", errors="replace"))
    if not words(text):
        return None
    raw = RawDocument(collection="parsing", key="reference.md", uri="", data=text.encode())
    return parse(raw).text
