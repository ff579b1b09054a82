"""What the sentences read so far are about: look-ups for answering step by step."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kgqa.ask.links import OPENING, SUBJECT_TYPES, WEAK_TYPES
from kgqa.ask.passages import Passage
from kgqa.ports import MentionRow
from kgqa.text.gazetteer import Gazetteer
from kgqa.text.names import normalise

#: what a sentence says of a name that stands in its title, beside it in its chunk, or elsewhere in its document
IN_TITLE, IN_CHUNK, IN_DOCUMENT = 0.85, 0.7, 0.3
#: another name of the same thing
SAME_THING = 0.9
#: a part of such a name may stand for the whole
NAMED_TYPES = frozenset({"PERSON", "ORG", "PRODUCT"})
#: fall-off of closeness below the best sentence; e5 cosines lie close together
COSINE_SCALE = 0.03


class Known:
    """Sentences by the names they say, rarity of words, and names of one thing."""

    def __init__(self, pool: Sequence[Passage], names: Mapping[str, int]) -> None:
        self.pool = pool
        norms = {m.norm: m for p in pool for m in p.titles} | {m.norm: m for p in pool for m in p.mentions}
        self._titles = _titles(pool, norms)
        unknown = {norm: name for norm, name in names.items() if name < 0}
        self._said = [_said(passage, self._titles[passage.chunk.chunk_id], unknown) for passage in pool]
        self._chunks = _union((p.chunk.chunk_id, _own(p)) for p in pool)
        self._documents = _union((p.chunk.document_id, _own(p)) for p in pool if not p.is_record)
        self._places: dict[int, set[int]] = defaultdict(set)
        for place, passage in enumerate(pool):
            for name in (*self._said[place], *self._nearby(passage)):
                self._places[name].add(place)
        self._rarity = Counter(term for passage in pool for term in passage.terms)
        self._df = Counter(name for said in self._said for name in said)
        self._same = _same_things(pool)
        self._best = max((p.cosine for p in pool), default=0.0)
        #: words of the types of names ("part", "number")
        self.kinds = frozenset(
            word
            for p in pool
            for m in p.mentions
            if m.type not in WEAK_TYPES | SUBJECT_TYPES
            for word in m.type.casefold().split("_")
        )

    def same(self, names: Iterable[int]) -> dict[int, float]:
        """The names with other names of the same things."""
        given = set(names)
        others = {other for name in given for other in self._same.get(name, ())}
        return {**dict.fromkeys(sorted(others), SAME_THING), **dict.fromkeys(sorted(given), 1.0)}

    def titles(self, passage: Passage) -> Sequence[MentionRow]:
        """Names in the title and headings above a sentence."""
        return self._titles[passage.chunk.chunk_id]

    def rarity(self, name: int) -> float:
        """1 for a name of one sentence, towards 0 for one that stands everywhere."""
        return 1.0 / math.sqrt(max(self._df[name], 1))

    def about(self, names: Iterable[int]) -> list[int]:
        """Places of sentences that say one of the names or stand beside it."""
        return sorted({place for name in self.same(names) for place in self._places.get(name, ())})

    def says(self, place: int, names: Mapping[int, float]) -> float:
        """How firmly the sentence is about one of the names: 1 where it holds it."""
        passage = self.pool[place]
        nearby = self._nearby(passage)
        best = 0.0
        for name, worth in names.items():
            for other, share in self.same({name}).items():
                best = max(best, worth * share * max(self._said[place].get(other, 0.0), nearby.get(other, 0.0)))
        return best

    def covers(self, place: int, words: frozenset[int]) -> float:
        """Share of the words, by rarity, that the sentence or its headings say."""
        passage = self.pool[place]
        weights = {word: math.log(1 + len(self.pool) / (1 + self._rarity[word])) for word in words}
        said = sum(
            weight * (1.0 if word in passage.terms else 0.6 if word in passage.context else 0.0)
            for word, weight in weights.items()
        )
        return said / total if (total := sum(weights.values())) else 0.5

    def closeness(self, place: int) -> float:
        """Closeness to the whole question: 1 for the closest sentence."""
        return math.exp((self.pool[place].cosine - self._best) / COSINE_SCALE)

    def _nearby(self, passage: Passage) -> dict[int, float]:
        """Names beside the sentence; rows of a table stand for themselves."""
        if passage.is_record:
            return {}
        document = dict.fromkeys(self._documents.get(passage.chunk.document_id, ()), IN_DOCUMENT)
        return document | dict.fromkeys(self._chunks[passage.chunk.chunk_id], IN_CHUNK)


def _own(passage: Passage) -> frozenset[int]:
    return passage.names


def _said(passage: Passage, titles: Sequence[MentionRow], unknown: Mapping[str, int]) -> dict[int, float]:
    """How firmly the sentence is about each name. Names that no gazetteer knows are looked for as they are written."""
    text = f" {normalise(f'{passage.chunk.title} {passage.text}')} " if unknown else ""
    written = {name: 1.0 for norm, name in unknown.items() if f" {norm} " in text}
    above = dict.fromkeys((*(m.name_id for m in titles), *passage.title_names), IN_TITLE)
    return above | dict.fromkeys(passage.names, 1.0) | written


def _titles(pool: Sequence[Passage], norms: Mapping[str, MentionRow]) -> dict[int, tuple[MentionRow, ...]]:
    """Per chunk the typed names within its title and headings."""
    gazetteer = Gazetteer.of_norms(norms)
    found: dict[int, tuple[MentionRow, ...]] = {}
    for passage in pool:
        chunk = passage.chunk
        if chunk.chunk_id not in found:
            text = " > ".join((chunk.title, *chunk.heading_path))
            inside = (norms[match.norm] for match in gazetteer.find(text))
            found[chunk.chunk_id] = tuple({m.name_id: m for m in (*inside, *passage.titles) if m.type}.values())
    return found


def _union(pairs: Iterable[tuple[int, frozenset[int]]]) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    for key, names in pairs:
        found[key] = found.get(key, frozenset()) | names
    return found


def _same_things(pool: Sequence[Passage]) -> dict[int, set[int]]:
    """Names that mean one thing: one ends with the other, or one opens the document that the other is the title of."""
    norms: dict[str, int] = {}
    types: dict[int, str] = {}
    for passage in pool:
        for m in (*passage.mentions, *passage.titles):
            norms[m.norm] = m.name_id
            if m.type:
                types[m.name_id] = m.type
    found: dict[int, set[int]] = defaultdict(set)
    for norm, name in norms.items():
        words = norm.split()
        parts = {" ".join(part) for n in range(1, len(words)) for part in (words[n:], words[:n])}
        for other in (norms[part] for part in parts if part in norms):
            if {types.get(name), types.get(other)} <= {types.get(name), None} and types.get(name) in NAMED_TYPES:
                found[name].add(other)
                found[other].add(name)
    for passage in pool:
        if not passage.opens(OPENING):
            continue
        title = norms.get(normalise(passage.chunk.title))
        if title is None or types.get(title) not in SUBJECT_TYPES:
            continue
        for m in passage.mentions:
            if m.type in ("", types[title]) and m.name_id != title:
                found[title].add(m.name_id)
                found[m.name_id].add(title)
    return found
