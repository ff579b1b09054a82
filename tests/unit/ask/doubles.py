"""Stores in memory, over numpy: doubles for the ask path's unit tests, and oracles of the real ones."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from kgqa.ask.pipeline import AskServices
from kgqa.errors import NotFound
from kgqa.model.answer import Caller, EvidenceChunk, ScoredChunk, View
from kgqa.model.graph import Subgraph
from kgqa.model.identity import stable_id
from kgqa.model.mention import Mention
from kgqa.ports import MentionRow, NameHit
from kgqa.text.names import tokens
from kgqa.text.terms import analyse, chunk_terms, idf

PUBLIC = Caller(subject="public", principals=("public",))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    chunk: EvidenceChunk
    acl_class: int = 1
    mentions: tuple[Mention, ...] = ()
    vector: np.ndarray | None = None
    sentence_vectors: np.ndarray | None = None
    #: keys of other documents with the same text
    duplicates: tuple[str, ...] = ()


def name_id(norm: str) -> int:
    return stable_id("name", "test", norm)


@dataclass
class MemoryLake:
    """What is stored; index and graph read it."""

    chunks: list[StoredChunk]
    #: visible classes by subject
    classes: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: {"public": (1,)})

    def visible(self, view: View) -> list[StoredChunk]:
        return [c for c in self.chunks if c.acl_class in view.classes]


class MemoryIndex:
    """Implements `ports.SearchIndex` by brute force."""

    def __init__(self, lake: MemoryLake) -> None:
        self.lake = lake
        self.calls: Counter[str] = Counter()

    def view(self, caller: Caller, collection: str) -> View:
        if collection != "test":
            raise NotFound
        classes = self.lake.classes.get(caller.subject, self.lake.classes["public"])
        return View(caller=caller, collection=collection, collection_id=1, generation=1, classes=classes)

    def candidates(self, view: View, *, vector: np.ndarray, text: str, depth: int) -> list[ScoredChunk]:
        self.calls["candidates"] += 1
        visible = self.lake.visible(view)
        keyword = _bm25(visible, text)
        scored = [
            ScoredChunk(
                chunk_id=c.chunk.chunk_id,
                keyword=keyword[c.chunk.chunk_id],
                vector=0.0 if c.vector is None else float(c.vector @ vector),
                sentence=0.0 if c.sentence_vectors is None else float((c.sentence_vectors @ vector).max()),
                language=c.chunk.language,
            )
            for c in visible
        ]
        best: set[int] = set()
        for score in (lambda s: s.keyword, lambda s: s.vector, lambda s: s.sentence):
            best |= {s.chunk_id for s in sorted(scored, key=lambda s: (-score(s), s.chunk_id))[:depth] if score(s) > 0}
        return [s for s in scored if s.chunk_id in best]

    def scores(self, view: View, chunk_ids: Sequence[int], *, vector: np.ndarray, text: str) -> list[ScoredChunk]:
        wanted = set(chunk_ids)
        found = self.candidates(view, vector=vector, text=text, depth=len(self.lake.chunks))
        return [s for s in found if s.chunk_id in wanted]

    def sentence_scores(self, view: View, chunk_ids: Sequence[int], vector: np.ndarray):
        self.calls["sentence_scores"] += 1
        found = {}
        for c in self._in(view, chunk_ids):
            if c.sentence_vectors is not None:
                cosines = c.sentence_vectors @ vector
                spans = c.chunk.sentences
                found[c.chunk.chunk_id] = [(a, b, float(x)) for (a, b), x in zip(spans, cosines, strict=True)]
        return found

    def names(self, view: View, norms: Sequence[str]) -> list[NameHit]:
        self.calls["names"] += 1
        known = {m.norm for c in self.lake.visible(view) for m in c.mentions}
        return [NameHit(name_id=name_id(norm), norm=norm) for norm in sorted(set(norms) & known)]

    def longest_name_tokens(self, view: View) -> int:
        return max((len(tokens(m.norm)) for c in self.lake.visible(view) for m in c.mentions), default=0)

    def mentions(self, view: View, chunk_ids: Sequence[int]) -> list[MentionRow]:
        self.calls["mentions"] += 1
        rows = [
            MentionRow(
                chunk_id=c.chunk.chunk_id,
                start=m.start,
                end=m.end,
                name_id=name_id(m.norm),
                norm=m.norm,
                is_title=m.is_title,
                type=m.type,
            )
            for c in self._in(view, chunk_ids)
            for m in c.mentions
        ]
        return sorted(rows, key=lambda row: (row.chunk_id, row.start))

    def evidence(self, view: View, chunk_ids: Sequence[int]) -> list[EvidenceChunk]:
        self.calls["evidence"] += 1
        known = {c.chunk.chunk_id: c.chunk for c in self._in(view, chunk_ids)}
        return [known[chunk] for chunk in chunk_ids if chunk in known]

    def document_keys(self, view: View, chunk_ids: Sequence[int]) -> dict[int, list[str]]:
        return {c.chunk.chunk_id: sorted({c.chunk.document_key, *c.duplicates}) for c in self._in(view, chunk_ids)}

    def _in(self, view: View, chunk_ids: Iterable[int]) -> list[StoredChunk]:
        wanted = set(chunk_ids)
        return [c for c in self.lake.visible(view) if c.chunk.chunk_id in wanted]


class MemoryGraph:
    """The reading half of `ports.GraphStore`, as its contract says."""

    def __init__(self, lake: MemoryLake) -> None:
        self.lake = lake

    def whole(self, view: View, hub_chunks: int) -> Subgraph:
        """Every visible edge but those of hubs."""
        return self._subgraph(view, None, hub_chunks)

    def expand(self, view: View, *, chunk_ids: Sequence[int], name_ids: Sequence[int], hub_chunks: int) -> Subgraph:
        edges = _edges(self.lake.visible(view))
        df = Counter(name for _, name in edges)
        seeds = {name for name in name_ids if df[name] <= hub_chunks}
        reached = set(chunk_ids) | {chunk for chunk, name in edges if name in seeds}
        names = seeds | {name for chunk, name in edges if chunk in reached}
        return self._subgraph(view, names, hub_chunks)

    def _subgraph(self, view: View, names: set[int] | None, hub_chunks: int) -> Subgraph:
        visible = self.lake.visible(view)
        edges = _edges(visible)
        df = Counter(name for _, name in edges)
        kept = [e for e in edges if df[e[1]] <= hub_chunks and (names is None or e[1] in names)]
        return Subgraph(
            chunk_ids=np.array([e[0] for e in kept], np.int64),
            name_ids=np.array([e[1] for e in kept], np.int64),
            counts=np.array([edges[e][0] for e in kept], np.int32),
            is_title=np.array([edges[e][1] for e in kept], bool),
            norms={name_id(m.norm): m.norm for c in visible for m in c.mentions},
        )


def _edges(chunks: Sequence[StoredChunk]) -> dict[tuple[int, int], tuple[int, bool]]:
    """(chunk, name) -> (count in the text, is title)."""
    edges: dict[tuple[int, int], tuple[int, bool]] = {}
    for c in chunks:
        for m in c.mentions:
            key = (c.chunk.chunk_id, name_id(m.norm))
            count, title = edges.get(key, (0, False))
            edges[key] = (count + (not m.is_title), title or m.is_title)
    return edges


def _bm25(chunks: Sequence[StoredChunk], text: str) -> dict[int, float]:
    scores: dict[int, float] = defaultdict(float)
    by_language: dict[str, list[StoredChunk]] = defaultdict(list)
    for c in chunks:
        by_language[c.chunk.language].append(c)
    for language, group in by_language.items():
        stored = [(c, chunk_terms(_passage(c.chunk), language)) for c in group]
        df = Counter(int(t) for _, terms in stored for t in terms.terms)
        for c, terms in stored:
            weights = dict(zip(terms.terms.tolist(), terms.weights.tolist(), strict=True))
            score = sum(weights.get(t, 0.0) * idf(df[t], len(group)) * n for t, n in analyse(text, language).items())
            scores[c.chunk.chunk_id] = score if math.isfinite(score) else 0.0
    return scores


def _passage(chunk: EvidenceChunk) -> str:
    context = " > ".join(dict.fromkeys(part for part in (chunk.title, *chunk.heading_path) if part))
    return f"{context}\n{chunk.text}"


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class NoNames:
    """An extractor for questions in a language without a model."""

    version = "none"

    def extract(self, chunks):
        return [((), (), ()) for _ in chunks]

    def names(self, text: str, language: str) -> list[str]:
        return []


class BagOfWords:
    """An embedder whose cosine is word overlap."""

    model = "bag-of-words"
    dimensions = 512

    def embed(self, texts: Sequence[str], kind: str) -> np.ndarray:
        rows = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term, count in analyse(text, "en").items():
                row[term % self.dimensions] += count
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def services(lake: MemoryLake, **changes) -> AskServices:
    """Ask services over a lake in memory."""
    parts = {
        "index": MemoryIndex(lake),
        "graph": MemoryGraph(lake),
        "embedder": BagOfWords(),
        "extractor": NoNames(),
        "clock": FixedClock(),
    }
    return AskServices(**(parts | changes))
