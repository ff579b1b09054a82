"""What an encoder learns from: questions with their gold passages, and with passages that this pipeline finds wrongly.

Hard negatives as in Karpukhin et al., "Dense Passage Retrieval" (arXiv:2004.04906), but from the whole order of a
question, walk included. Mined questions lie in a file of one JSON object a line, to be read by people and gone on with
after an interruption.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from kgqa.ask.rank import RankServices, rank
from kgqa.errors import Conflict
from kgqa.evaluation.datasets import Dataset
from kgqa.model.answer import AskOptions, View
from kgqa.model.document import indexed_text

#: chunks of the order that are looked at, and read at once
_PAGE = 50
#: negatives kept of each question, hardest first; training takes some
KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A question with passages as they are indexed: context line, then text."""

    query: str
    question: str
    #: best chunk of each gold document that was found, best first
    positives: tuple[str, ...]
    #: their places in the order, from 1
    positive_ranks: tuple[int, ...]
    #: chunks of other documents, best first
    negatives: tuple[str, ...]
    #: gold documents that were not found
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Triplet:
    """One example of training."""

    anchor: str
    positive: str
    negatives: tuple[str, ...]


def mine(
    dataset: Dataset,
    view: View,
    services: RankServices,
    path: Path,
    limit: int,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Mined, ...]:
    """Mine the first questions into `path`; those that it has already are not asked again.

    Raises Conflict where the file was mined with another encoder.
    """
    known = {mined.query: mined for mined in _started(path, _header(dataset, services.embedder.model))}
    wanted = dict(islice(dataset.queries.items(), limit))
    with path.open("a", encoding="utf-8") as out:
        for done, (query, text) in enumerate(wanted.items(), start=1):
            if query not in known:
                known[query] = _mine_one(query, text, dataset.gold[query], view, services)
                out.write(json.dumps(asdict(known[query]), ensure_ascii=False) + "\n")
                out.flush()
            if progress:
                progress(done, len(wanted))
    return tuple(known[query] for query in wanted)


def mined_before(dataset: Dataset, path: Path, encoder: str, limit: int) -> tuple[Mined, ...] | None:
    """The first questions where all of them were mined with this encoder; None where some were not."""
    if not path.exists():
        return None
    known = {mined.query: mined for mined in _started(path, _header(dataset, encoder))}
    wanted = list(islice(dataset.queries, limit))
    return tuple(known[query] for query in wanted) if known.keys() >= set(wanted) else None


def triplets(mined: Sequence[Mined], negatives: int) -> list[Triplet]:
    """One for each positive of each question that has so many negatives."""
    return [
        Triplet(anchor=each.question, positive=positive, negatives=each.negatives[:negatives])
        for each in mined
        if len(each.negatives) >= negatives
        for positive in each.positives
    ]


def _mine_one(query: str, text: str, gold: frozenset[str], view: View, services: RankServices) -> Mined:
    order = rank(text, view, services, AskOptions()).order
    positives: dict[str, tuple[int, int]] = {}
    negatives: list[int] = []
    for place, chunk, keys in _documents(order, view, services):
        right = gold.intersection(keys)
        for key in right - positives.keys():
            positives[key] = (place, chunk)
        if not right and len(negatives) < KEPT:
            negatives.append(chunk)
        if len(negatives) == KEPT and len(positives) == len(gold):
            break
    places = dict(sorted(positives.values()))  # duplicates of one document stand at the same place
    texts = {
        c.chunk_id: indexed_text(c.title, c.heading_path, c.text)
        for c in services.index.evidence(view, [*places.values(), *negatives])
    }
    right_texts = {texts[chunk]: place for place, chunk in places.items() if chunk in texts}
    return Mined(
        query=query,
        question=text,
        positives=tuple(right_texts),
        positive_ranks=tuple(right_texts.values()),
        negatives=tuple(t for t in dict.fromkeys(texts[c] for c in negatives if c in texts) if t not in right_texts),
        missed=len(gold - positives.keys()),
    )


def _documents(order: Sequence[int], view: View, services: RankServices) -> Iterator[tuple[int, int, Sequence[str]]]:
    """Place, chunk and keys of its document, in order."""
    for start in range(0, len(order), _PAGE):
        page = order[start : start + _PAGE]
        keys = services.index.document_keys(view, page)
        yield from ((start + n, chunk, keys.get(chunk, ())) for n, chunk in enumerate(page, start=1))


def _header(dataset: Dataset, encoder: str) -> dict[str, object]:
    return {"set": dataset.folder.name, "encoder": encoder, "kept": KEPT}


def _started(path: Path, header: Mapping[str, object]) -> Iterator[Mined]:
    """What the file has; a new one gets its header, and a line that was cut off is taken away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]
    if not whole:
        path.write_text(json.dumps(header, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    found = json.loads(whole[0])
    if found != header:
        raise Conflict(
            f"{path.name} was mined with {found}, not with {header}.", hint="remove the file, or choose another --out."
        )
    if len(whole) < len(lines):
        path.write_bytes(b"".join(whole))
    for line in whole[1:]:
        row = json.loads(line)
        row |= {name: tuple(row[name]) for name in ("positives", "positive_ranks", "negatives")}
        yield Mined(**row)
