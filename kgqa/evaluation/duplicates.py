"""How well near duplicates are found: copies of known edits, planted in a corpus, marked by the record's own function.

Every kind of edit is planted alone, one copy for each original. A mark is right when it joins a copy and its original.
Documents of the corpus that are near each other without any copy are left out, because nobody knows what they are.
Short documents are those of the corpus; long ones are several of them joined. Hard negatives are different documents
under one long header and footer: there every mark is wrong.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from kgqa.adapters.postgres.near_duplicates import Signed, first_near
from kgqa.errors import InvalidInput
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.measures import Estimate, share
from kgqa.ingest.dedupe import NEAR, minhash, near
from kgqa.text.sentences import sentence_spans

#: originals of each length
ORIGINALS = 200
#: documents of the corpus that make a long one
JOINED = 10
#: likenesses at which a copy would be found, for the choice of the threshold
THRESHOLDS = (0.7, 0.8, 0.9)
_NOTICE = (
    "This page is provided for information only. Nothing in it may be reproduced or passed on without the written"
    " consent of the publisher, who gives no warranty that it is complete or up to date. Questions about its contents"
    " are answered by the documentation desk on working days between nine and four; please quote the number above."
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Edit = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRow:
    """How copies of one kind of edit fared among documents of one length."""

    length: str
    kind: str
    copies: int
    recall: Estimate
    #: right marks among all marks that this kind of copy brought about
    precision: Estimate
    marks: int
    #: by likeness the share of copies that are at least so near to their original
    near_at: Mapping[str, float]


def evaluate_duplicates(folder: Path, *, seed: int = 0, originals: int = ORIGINALS) -> list[DuplicateRow]:
    """Every kind of edit, in short and in long documents. Raises InvalidInput for a corpus that is too small."""
    texts = [str(row["text"]) for row in read_dataset(folder).corpus()]
    generator = random.Random(seed)
    generator.shuffle(texts)
    if len(texts) < 2 * JOINED:
        raise InvalidInput(f"{folder} has {len(texts)} documents.", hint=f"{2 * JOINED} are needed at least.")
    long = ["\n\n".join(texts[n : n + JOINED]) for n in range(0, len(texts) - JOINED + 1, JOINED)]
    return [
        _measure(length, kind, edit, some[:originals], generator)
        for length, some in (("short", texts), ("long", long))
        for kind, edit in EDITS.items()
    ]


def print_duplicates(rows: Sequence[DuplicateRow], console: Console) -> None:
    """A line each."""
    console.print(f"likeness of {NEAR} and more is a near duplicate")
    for row in rows:
        if row.kind == "boilerplate":
            found = f"{row.marks} marks, all wrong"
        else:
            found = f"recall {_said(row.recall)}  precision {_said(row.precision)}"
        nearness = "  ".join(f">={at} {value:.2f}" for at, value in row.near_at.items())
        console.print(f"{row.length:6} {row.kind:20} {row.copies:4} copies  {found}  ({nearness})", markup=False)


def as_json(rows: Sequence[DuplicateRow]) -> str:
    """For machines."""
    return json.dumps({"threshold": NEAR, "rows": [asdict(row) for row in rows]}, indent=2)


def _said(value: Estimate) -> str:
    return f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]"


def _measure(length: str, kind: str, edit: Edit, originals: Sequence[str], generator: random.Random) -> DuplicateRow:
    """Originals have even ids, the copy of each the next one."""
    copies = [edit(text, generator) for text in originals]
    if kind == "boilerplate":
        originals = [edit(text, generator) for text in originals]
        copies = [*copies[1:], copies[0]]  # under the same notice, but of another document
    signatures = {2 * n: minhash(text) for n, text in enumerate(originals)}
    alone = {d for d, mark in _marks(signatures).items() if mark is not None}
    with_copies = signatures | {2 * n + 1: minhash(text) for n, text in enumerate(copies)}
    if kind == "boilerplate":
        with_copies = dict(signatures)
        alone = set[int]()
    left_out = {d for d in with_copies if d - d % 2 in alone}
    marks = {d: m for d, m in _marks(with_copies).items() if m is not None and not {d, m} & left_out}
    right = sum(kind != "boilerplate" and mark == document - 1 and document % 2 for document, mark in marks.items())
    planted = sum(2 * n not in left_out for n in range(len(copies)))
    likeness = [near(signatures[2 * n], minhash(copy)) for n, copy in enumerate(copies) if 2 * n not in left_out]
    return DuplicateRow(
        length=length,
        kind=kind,
        copies=planted,
        recall=share(right, planted),
        precision=share(right, len(marks)),
        marks=len(marks),
        near_at={str(at): sum(value >= at for value in likeness) / max(1, planted) for at in THRESHOLDS},
    )


def _marks(signatures: Mapping[int, bytes]) -> Mapping[int, int | None]:
    signed = [Signed(document_id=d, signature=signature) for d, signature in signatures.items() if signature]
    return first_near(signed, set(signatures))


def _typos(text: str, generator: random.Random, every: int) -> str:
    """A wrong letter in one word of so many, in one word at least."""
    words = re.split(r"(\s+)", text)
    places = [n for n, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    for place in generator.sample(places, min(len(places), max(1, len(places) // every))):
        at = generator.randrange(1, len(words[place]))
        words[place] = words[place][:at] + generator.choice(_LETTERS) + words[place][at + 1 :]
    return "".join(words)


def _drop_sentence(text: str, generator: random.Random) -> str:
    spans = list(sentence_spans(text))
    if len(spans) < 2:
        return text
    start, end = generator.choice(spans)
    return f"{text[:start]}{text[end:]}".strip()


def _add_sentence(text: str, generator: random.Random) -> str:
    spans = list(sentence_spans(text))
    at = generator.choice(spans)[1] if spans else len(text)
    return f"{text[:at]} This was last looked at in the spring of that year.{text[at:]}"


def _reorder(text: str, generator: random.Random) -> str:
    """Paragraphs in another order; sentences where there is one paragraph."""
    parts = text.split("\n\n")
    if len(parts) > 1:
        generator.shuffle(parts)
        return "\n\n".join(parts)
    sentences = [text[a:b] for a, b in sentence_spans(text)]
    generator.shuffle(sentences)
    return " ".join(sentences)


def _punctuation(text: str, _generator: random.Random) -> str:
    """Lines wrapped elsewhere, dashes and quotes of another kind, everything in capitals."""
    return "\n".join(_pieces(text.replace(",", " ,").replace(".", " .").replace("-", "\u2013").upper()))


def _pieces(text: str) -> Iterator[str]:
    words = text.split()
    yield from ("  ".join(words[n : n + 11]) for n in range(0, len(words), 11))


EDITS: Mapping[str, Edit] = {
    "space, punctuation": _punctuation,
    "a typo": lambda text, generator: _typos(text, generator, 10**9),
    "typos, 1 word in 50": lambda text, generator: _typos(text, generator, 50),
    "sentence dropped": _drop_sentence,
    "sentence added": _add_sentence,
    "parts reordered": _reorder,
    "header, footer": lambda text, _: f"Copy of record, printed for internal use\n\n{text}\n\nEnd of record",
    "boilerplate": lambda text, _: f"{_NOTICE}\n\n{text}\n\n{_NOTICE}",
}
