"""How well names and claims are found: the ordinary extractor over annotated text, against the annotation.

Reads CoNLL files (a token a line, its tag last, IOB or IO) and DocRED JSON. Names are compared by document and normal
form, because that is what the graph keeps; claims by the pair of names that they connect, because relation types of
an annotation and verbs of a text are different vocabularies.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from kgqa.errors import InvalidInput
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import RawDocument
from kgqa.model.mention import NameSource
from kgqa.ports import Extractor
from kgqa.text.names import normalise

#: kinds that annotations and models share
_KINDS = {
    "PER": "PERSON", "PERSON": "PERSON", "ORG": "ORG", "CORPORATION": "ORG", "GROUP": "ORG", "LOC": "PLACE",
    "LOCATION": "PLACE", "GPE": "PLACE", "FAC": "PLACE",
}  # fmt: skip
#: annotations that are no names here
_NO_NAMES = frozenset({"TIME", "NUM", "DATE", "ORDINAL", "CARDINAL", "MONEY", "PERCENT", "QUANTITY"})
#: sentences of a CoNLL file that are read as one document, where it does not mark documents
_SENTENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """A text with its names (normal form, kind) and the pairs of names that it relates (of any form each)."""

    text: str
    names: frozenset[tuple[str, str]]
    #: per relation the forms of both of its ends
    related: tuple[tuple[frozenset[str], frozenset[str]], ...]


@dataclass(slots=True)
class Counts:
    """How many were found, how many of these are right, how many were wanted, how many of these were reached."""

    found: int = 0
    right: int = 0
    wanted: int = 0
    reached: int = 0

    def add(self, found: Set[object], wanted: Set[object]) -> None:
        """One text whose right finds are those that were wanted."""
        both = len(found & wanted)
        self.found, self.right = self.found + len(found), self.right + both
        self.wanted, self.reached = self.wanted + len(wanted), self.reached + both

    def measures(self, name: str) -> dict[str, float]:
        """Precision, recall and F1."""
        precision = self.right / self.found if self.found else 0.0
        recall = self.reached / self.wanted if self.wanted else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {f"{name}_precision": precision, f"{name}_recall": recall, f"{name}_f1": f1}


def read_annotated(path: Path) -> list[Annotated]:
    """The annotated texts of a file. Raises InvalidInput."""
    data = path.read_bytes()
    content = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
    try:
        return list(_docred(json.loads(content)) if content.lstrip().startswith("[{") else _conll(content))
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise InvalidInput(
            f"{path.name} is neither CoNLL nor DocRED JSON: {problem!r}.",
            hint="CoNLL has a token a line with its tag last, and an empty line between sentences.",
        ) from None


def evaluate_extraction(texts: Sequence[Annotated], extractor: Extractor) -> dict[str, float]:
    """Precision, recall and F1 of names, of names with their kind, and of related pairs (where there are any)."""
    names, kinds, pairs = Counts(), Counts(), Counts()
    for text in texts:
        found, claimed = _extract(text.text, extractor)
        forms = {norm for norm, _ in text.names}
        names.add({norm for norm, _ in found}, forms)
        kinds.add({(norm, _KINDS.get(kind, "OTHER")) for norm, kind in found}, text.names)
        between = {pair for pair in claimed if pair <= forms} if text.related else set[frozenset[str]]()
        pairs.found += len(between)
        pairs.right += sum(any(_connects(pair, ends) for ends in text.related) for pair in between)
        pairs.wanted += len(text.related)
        pairs.reached += sum(any(_connects(pair, ends) for pair in between) for ends in text.related)
    result = {**names.measures("name"), **kinds.measures("entity")}
    return {**result, **pairs.measures("relation")} if pairs.wanted else result


def _extract(text: str, extractor: Extractor) -> tuple[set[tuple[str, str]], set[frozenset[str]]]:
    raw = RawDocument(
        collection="evaluation", key="text.txt", uri="evaluation:text", data=text.encode(), media_type="text/plain"
    )
    chunks = read_document(raw, IngestOptions()).chunks
    names: set[tuple[str, str]] = set()
    claimed: set[frozenset[str]] = set()
    for supports, _, claims in extractor.extract(chunks):
        names |= {(s.norm, s.type) for s in supports if s.source is not NameSource.IDENTIFIER}
        claimed |= {frozenset((c.subject, c.object)) for c in claims if c.subject != c.object}
    return names, claimed


def _connects(pair: frozenset[str], ends: tuple[frozenset[str], frozenset[str]]) -> bool:
    one, other = sorted(pair)
    left, right = ends
    return (one in left and other in right) or (one in right and other in left)


def _name(surface: str, tag: str) -> tuple[str, str] | None:
    norm = normalise(surface)
    return (norm, _KINDS.get(tag.upper(), "OTHER")) if norm and tag.upper() not in _NO_NAMES else None


def _conll(content: str) -> Iterator[Annotated]:
    for document in content.split("-DOCSTART-"):
        sentences = [
            [line.split() for line in block.splitlines() if len(line.split()) > 1]
            for block in document.replace("\r", "").split("\n\n")
        ]
        filled = [sentence for sentence in sentences if sentence and sentence[0][0] != "-X-"]
        for some in (filled[first : first + _SENTENCES] for first in range(0, len(filled), _SENTENCES)):
            names = {name for sentence in some for name in _conll_names(sentence)}
            text = "\n".join(" ".join(token for token, *_ in sentence) for sentence in some)
            yield Annotated(text=text, names=frozenset(names), related=())


def _conll_names(sentence: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    words: list[str] = []
    kind = ""
    for token, *_, tag in [*sentence, ("", "O")]:
        place, _, of = tag.rpartition("-")
        if words and (tag == "O" or place == "B" or of != kind):
            if name := _name(" ".join(words), kind):
                yield name
            words = []
        if tag != "O":
            words.append(token)
            kind = of


def _docred(documents: list[dict[str, Any]]) -> Iterator[Annotated]:
    for document in documents:
        entities = cast("list[list[dict[str, Any]]]", document["vertexSet"])
        found = [[name for m in entity if (name := _name(m["name"], m["type"]))] for entity in entities]
        forms = [frozenset(norm for norm, _ in entity) for entity in found]
        ends = {(label["h"], label["t"]) for label in document.get("labels", ())}
        yield Annotated(
            text=" ".join(" ".join(sentence) for sentence in document["sents"]),
            names=frozenset(name for entity in found for name in entity),
            related=tuple((forms[h], forms[t]) for h, t in sorted(ends) if forms[h] and forms[t]),
        )
