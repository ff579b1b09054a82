"""How well personal data is found: spans of annotated texts against those of the detector.

Reads lists of `{"full_text": ..., "spans": [{"entity_type", "start_position", "end_position"}]}`, as Presidio's own
generator writes them. A span is found when the detector has one of the same type that shares at least half of the
characters that either has. F2 counts recall twice as much as precision (van Rijsbergen, Information Retrieval, 1979).
The patterns were made with the texts at even places: figures to quote are those of the others.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from kgqa.adapters.models.pii import ALL_TYPES, PERSONAL, PresidioDetector
from kgqa.errors import InvalidInput
from kgqa.evaluation.measures import Estimate, share
from kgqa.model.pii import PiiSpan
from kgqa.text.language import detect

#: shared characters by all characters of two spans, from which they are the same
OVERLAP = 0.5
BETA2 = 4.0
_RESAMPLES = 1_000
#: types of annotations that are called otherwise here
_TYPES = {
    "DOMAIN_NAME": "URL",
    "STREET_ADDRESS": "ADDRESS",
    "GPE": "LOCATION",
    "ZIP_CODE": "ADDRESS",
    "NRP": "LOCATION",
}

#: takes a text, gives spans without overlaps
Finder = Callable[[str], Sequence[PiiSpan]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedText:
    """A text with the personal data that somebody marked in it."""

    text: str
    spans: tuple[PiiSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiRow:
    """Measures of one type in one part of the texts."""

    part: str
    type: str
    wanted: int
    found: int
    precision: Estimate
    recall: Estimate
    f2: Estimate


def read_annotated_pii(path: Path) -> list[AnnotatedText]:
    """The texts of a file, or of all JSON files of a folder. Raises InvalidInput."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path} has no JSON files.")
    found: list[AnnotatedText] = []
    for file in files:
        try:
            rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
            found += [AnnotatedText(text=row["full_text"], spans=tuple(map(_span, row["spans"]))) for row in rows]
        except (KeyError, TypeError, ValueError) as problem:
            raise InvalidInput(
                f"{file.name} holds no annotated texts: {problem!r}.",
                hint="a list of objects with full_text and spans (entity_type, start_position, end_position).",
            ) from None
    return found


def product_finder() -> Finder:
    """The detector of ingest, looking for all types."""
    detector = PresidioDetector(types=ALL_TYPES)
    return lambda text: detector.find(text, detect(text))


def evaluate_pii(texts: Sequence[AnnotatedText], find: Finder) -> list[PiiRow]:
    """By part (`held out` first, then `tuned on`): each type, what is masked by default together, and everything."""
    rows: list[PiiRow] = []
    for part, some in (("held out", texts[1::2]), ("tuned on", texts[::2])):
        counts = [_counts(each, find(each.text)) for each in some]
        types = sorted({type_ for count in counts for type_ in count})
        groups = [(type_, [type_]) for type_ in types]
        groups += [("all that is masked", [t for t in types if t in PERSONAL]), ("all annotated", types)]
        rows += [_row(part, name, [_sum(count, of) for count in counts]) for name, of in groups]
    return rows


def print_pii(rows: Sequence[PiiRow], console: Console) -> None:
    """A line each."""
    for row in rows:
        console.print(
            f"{row.part:9} {row.type:18} {row.wanted:4} wanted {row.found:4} found  F2 {_said(row.f2)}"
            f"  precision {_said(row.precision)}  recall {_said(row.recall)}",
            markup=False,
        )


def as_json(rows: Sequence[PiiRow]) -> str:
    """For machines."""
    return json.dumps({"overlap": OVERLAP, "rows": [asdict(row) for row in rows]}, indent=2)


def f_beta(hits: float, found: float, wanted: float) -> float:
    """F2 of counts; 0 where nothing is right."""
    return (1 + BETA2) * hits / (BETA2 * wanted + found) if hits else 0.0


def _said(value: Estimate) -> str:
    return f"{value.mean:.2f} [{value.low:.2f}, {value.high:.2f}]"


def _span(row: Mapping[str, Any]) -> PiiSpan:
    kind = str(row["entity_type"])
    return PiiSpan(start=int(row["start_position"]), end=int(row["end_position"]), type=_TYPES.get(kind, kind))


def _counts(text: AnnotatedText, found: Sequence[PiiSpan]) -> dict[str, tuple[int, int, int]]:
    """Per type (right, found, wanted); a span counts once."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    free = list(text.spans)
    for span in found:
        counts[span.type][1] += 1
        same = next((other for other in free if other.type == span.type and _overlap(span, other) >= OVERLAP), None)
        if same is not None:
            free.remove(same)
            counts[span.type][0] += 1
    for span in text.spans:
        counts[span.type][2] += 1
    return {type_: (right, n, wanted) for type_, (right, n, wanted) in counts.items()}


def _overlap(left: PiiSpan, right: PiiSpan) -> float:
    shared = min(left.end, right.end) - max(left.start, right.start)
    return max(0, shared) / (max(left.end, right.end) - min(left.start, right.start))


def _sum(counts: Mapping[str, tuple[int, int, int]], types: Iterable[str]) -> tuple[int, int, int]:
    some = [counts[type_] for type_ in types if type_ in counts]
    return sum(c[0] for c in some), sum(c[1] for c in some), sum(c[2] for c in some)


def _row(part: str, name: str, counts: Sequence[tuple[int, int, int]]) -> PiiRow:
    table: npt.NDArray[np.int64] = np.array(counts, np.int64).reshape(-1, 3)
    right, found, wanted = (int(n) for n in table.sum(axis=0))
    picks = np.random.default_rng(0).integers(0, len(table), (_RESAMPLES, len(table)))
    samples = [f_beta(*sums) for sums in table[picks].sum(axis=1).tolist()]
    low, high = np.quantile(samples, (0.025, 0.975))
    return PiiRow(
        part=part,
        type=name,
        wanted=wanted,
        found=found,
        precision=share(right, found),
        recall=share(right, wanted),
        f2=Estimate(mean=f_beta(right, found, wanted), low=float(low), high=float(high)),
    )
