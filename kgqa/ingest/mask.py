"""Personal data of a document: counted, or replaced by tokens before anything is derived from the text.

Masking covers the text, the headings, the title and the metadata; a value that was found once is replaced wherever it
stands in the document. Keys and URIs stay as they are, because they say which document it is. A masked document leaves
no clear text behind: its raw bytes are not kept, and its values travel encrypted to the vault.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import getaddresses
from typing import Protocol

from kgqa.ingest.extract import PEOPLE_KEYS
from kgqa.ingest.parse import file_title
from kgqa.model.document import Block, Document
from kgqa.model.pii import PiiPolicy, PiiSpan, SealedValue
from kgqa.text.pseudonyms import TOKEN, Pseudonyms

MASK_VERSION = "1"
#: where a document says how much personal data was found in it; no names are read from this field
COUNTS_KEY = "pii_types"
#: shorter values are replaced only where they were found
_LEAST_CHARACTERS = 4


class PiiDetector(Protocol):
    """Finds personal data."""

    @property
    def version(self) -> str:
        """Part of the stage hash."""
        ...

    @property
    def types(self) -> frozenset[str]:
        """What it looks for."""
        ...

    def find(self, text: str, language: str) -> Sequence[PiiSpan]:
        """Spans in order, without overlaps. `language` is ISO 639-1 or `und`."""
        ...


class Sealer(Protocol):
    """Encrypts values for the vault."""

    def seal(self, collection: str, token: str, value: str) -> SealedValue:
        """The value, so that it opens only under this collection and token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What ingest does with the personal data of one collection."""

    policy: PiiPolicy
    detector: PiiDetector
    #: needed to mask
    pseudonyms: Pseudonyms | None = None
    sealer: Sealer | None = None

    @property
    def masks(self) -> bool:
        """Whether values are replaced."""
        return self.policy is PiiPolicy.MASK

    @property
    def version(self) -> list[str]:
        """Part of the stage hash: another policy, detector or key reads the documents again."""
        key = [self.pseudonyms.fingerprint] if self.masks and self.pseudonyms else []
        return [self.policy.value, MASK_VERSION, self.detector.version, *key]

    def apply(self, document: Document) -> tuple[Document, tuple[SealedValue, ...]]:
        """The document as it goes on, and the values that its tokens stand for."""
        if not self.masks:
            return _counted(document, Counter(span.type for span in self._spans(document))), ()
        assert self.pseudonyms is not None
        assert self.sealer is not None
        masking = _Masking(self.detector, self.pseudonyms, document.language)
        masked = masking.document(document, self._spans(document))
        sealed = (self.sealer.seal(document.collection, token, value) for token, value in masking.values.items())
        return _counted(masked, masking.counts), tuple(sealed)

    def _spans(self, document: Document) -> list[PiiSpan]:
        return list(self.detector.find(document.text, document.language))


def _counted(document: Document, counts: Mapping[str, int]) -> Document:
    said = ", ".join(f"{type_} {count}" for type_, count in sorted(counts.items()))
    return replace(document, metadata={**document.metadata, COUNTS_KEY: said}) if said else document


@dataclass(slots=True)
class _Masking:
    """One document's."""

    detector: PiiDetector
    pseudonyms: Pseudonyms
    language: str
    #: value by token, as it was first written
    values: dict[str, str] = field(default_factory=dict[str, str])
    #: type by value as written, and by the folded form of values that are more than one word
    types: dict[str, str] = field(default_factory=dict[str, str])
    counts: Counter[str] = field(default_factory=Counter[str])

    def document(self, document: Document, found: Sequence[PiiSpan]) -> Document:
        """The document without values."""
        blocks = document.blocks or (Block(start=0, end=len(document.text), kind="paragraph"),)
        spans = [clipped for block in blocks for clipped in _clip(document.text, found, block.start, block.end)]
        for span in spans:
            self._learn(document.text[span.start : span.end], span.type)
        is_named_by_file = document.title == file_title(document.key)
        metadata = {key: self._field(key, value) for key, value in document.metadata.items()}
        title = document.title if is_named_by_file else self._string(document.title)
        spans = _disjoint([*spans, *self._known(document.text)])
        self.counts.update(span.type for span in spans)
        text, places = self._replace(document.text, spans, blocks)
        paths = {h: self._string(h) for block in blocks for h in block.heading_path}
        masked = tuple(
            replace(
                block,
                start=start,
                end=end,
                heading_path=tuple(paths[heading] for heading in block.heading_path),
                row_key=self._string(block.row_key) if block.row_key else None,
            )
            for block, (start, end) in zip(blocks, places, strict=True)
        )
        return replace(document, text=text, blocks=masked if document.blocks else (), title=title, metadata=metadata)

    def _learn(self, value: str, type_: str) -> str:
        token = self.pseudonyms.token(value, type_)
        self.values.setdefault(token, value)
        self.types.setdefault(value, type_)
        if not value.isalpha():
            self.types.setdefault(value.casefold(), type_)
        return token

    def _known(self, text: str) -> list[PiiSpan]:
        """Everywhere that a known value stands as whole words; a single word only as it was written."""
        values = sorted((v for v in self.types if len(v) >= _LEAST_CHARACTERS), key=len, reverse=True)
        if not values:
            return []
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, values))})(?!\w)", re.IGNORECASE)
        places = ((m, self.types.get(m[0]) or self.types.get(m[0].casefold())) for m in pattern.finditer(text))
        return [PiiSpan(start=m.start(), end=m.end(), type=type_) for m, type_ in places if type_]

    def _replace(
        self, text: str, spans: Sequence[PiiSpan], blocks: Sequence[Block]
    ) -> tuple[str, list[tuple[int, int]]]:
        """The text with tokens, and where each block is in it."""
        parts: list[str] = []
        places: list[tuple[int, int]] = []
        length = done = 0
        waiting = iter(spans)
        span = next(waiting, None)
        for block in blocks:
            parts.append(text[done : block.start])
            length += block.start - done
            start, done = length, block.start
            while span is not None and span.start < block.end:
                token = self._learn(text[span.start : span.end], span.type)
                parts += (text[done : span.start], token)
                length += span.start - done + len(token)
                done = span.end
                span = next(waiting, None)
            parts.append(text[done : block.end])
            length += block.end - done
            done = block.end
            places.append((start, length))
        parts.append(text[done:])
        return "".join(parts), places

    def _field(self, key: str, value: str) -> str:
        """A field of the metadata; one that names people holds nothing else."""
        if key.lower() in PEOPLE_KEYS and "PERSON" in self.detector.types:
            for name in _people(value):
                self._learn(name, "PERSON")
        return self._string(value)

    def _string(self, text: str) -> str:
        """A short text, with known values and those that are found in it replaced."""
        spans = _disjoint([*self._known(text), *self.detector.find(text, self.language)])
        for span in reversed(spans):
            token = self._learn(text[span.start : span.end], span.type)
            text = f"{text[: span.start]}{token}{text[span.end :]}"
        return text


def _people(value: str) -> list[str]:
    """Names in a field of an author or of a mail header."""
    if "@" in value:
        return [name for name, _ in getaddresses(re.split(r"[;\n]", value)) if name]
    return [name for part in re.split(r"[;,\n]| and ", value) if (name := part.strip()) and not TOKEN.search(name)]


def _clip(text: str, spans: Iterable[PiiSpan], start: int, end: int) -> list[PiiSpan]:
    """The parts of the spans inside a block, without the space around them."""
    found: list[PiiSpan] = []
    for span in spans:
        a, b = max(span.start, start), min(span.end, end)
        while a < b and text[a].isspace():
            a += 1
        while a < b and text[b - 1].isspace():
            b -= 1
        if a < b:
            found.append(PiiSpan(start=a, end=b, type=span.type))
    return found


def _disjoint(spans: Iterable[PiiSpan]) -> list[PiiSpan]:
    """Of overlapping spans the longest, then the first."""
    kept: list[PiiSpan] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
