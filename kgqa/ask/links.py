"""How sentences hang together: by the names that they share, and by standing in one place.

A name ties two sentences when it stands in the text of at least one of them; in the other it may be what the
document is about. Rare names tie firmly, places and days hardly, names of the question not at all: they are where
a chain starts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kgqa.ask.passages import Passage

Floats = npt.NDArray[np.float64]

#: a name in so few sentences ties fully
RARE = 3.0
#: names of places and days tie sentences less than names of things, people and companies
WEAK_TYPES = frozenset({"GPE", "LOC", "NORP", "LANGUAGE", "DATE"})
WEAK_SHARE = 0.3
#: a name in a sentence and a document about that name
ABOUT_TIE = 0.6
#: sentences of one chunk, and of one document
SAME_CHUNK, SAME_DOCUMENT = 0.8, 0.5
#: a document is about the names in its first so many characters, beside those of its title
OPENING = 300
SUBJECT_TYPES = frozenset({"ORG", "PERSON"})


def frequencies(pool: Sequence[Passage]) -> Counter[int]:
    """Number of sentences that hold each name."""
    return Counter(name for passage in pool for name in passage.names)


def tie(df: int) -> float:
    """How well a name ties sentences together: 1 for a rare one, towards 0 for one that stands everywhere."""
    return min(1.0, math.sqrt(RARE / max(df, 1)))


def links(pool: Sequence[Passage], df: Mapping[int, int], asked: frozenset[int]) -> Floats:
    """How well the best name that two passages share ties them; it stands in the text of at least one of them."""
    own: dict[int, list[int]] = {}
    about: dict[int, list[int]] = {}
    weak = {m.name_id for p in pool for m in p.mentions if m.type in WEAK_TYPES}
    subjects = _subjects(pool)
    for place, passage in enumerate(pool):
        for name in passage.names - asked:
            own.setdefault(name, []).append(place)
        topics = passage.title_names | subjects.get(passage.chunk.document_id, frozenset())
        for name in topics - passage.names - asked:
            about.setdefault(name, []).append(place)
    found = np.zeros((len(pool), len(pool)))
    for name, places in own.items():
        strength = tie(df[name]) * (WEAK_SHARE if name in weak else 1.0)
        for others, least in ((places, 0.0), (about.get(name, []), 0.0 if name in weak else ABOUT_TIE)):
            firm = max(strength, least)
            for rows, columns in ((places, others), (others, places)):
                block = np.ix_(np.array(rows, int), np.array(columns, int))
                found[block] = np.maximum(found[block], firm)
    return np.maximum(found, _neighbours(pool))


def _subjects(pool: Sequence[Passage]) -> dict[int, frozenset[int]]:
    """Per document the names in its opening, as far as it is prose."""
    found: dict[int, frozenset[int]] = {}
    for passage in pool:
        if passage.opens(OPENING) and not passage.is_record:
            document = passage.chunk.document_id
            named = {m.name_id for m in passage.mentions if m.type in SUBJECT_TYPES} & passage.names
            found[document] = found.get(document, frozenset()) | named
    return found


def _neighbours(pool: Sequence[Passage]) -> Floats:
    """Sentences of one chunk, and prose of one document, hang together; rows of a table do not."""
    chunks = np.array([p.chunk.chunk_id for p in pool])
    documents = np.array([p.chunk.document_id for p in pool])
    record = np.array([p.is_record for p in pool])
    both, either = np.logical_and.outer(record, record), np.logical_or.outer(record, record)
    same_chunk, same_document = np.equal.outer(chunks, chunks) & ~both, np.equal.outer(documents, documents) & ~either
    return np.maximum(SAME_CHUNK * same_chunk, SAME_DOCUMENT * same_document)
