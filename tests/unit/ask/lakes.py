"""Small lakes for tests of the ask path: texts become one chunk each, mentions come from a list of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kgqa.ingest.annotate import annotate, title_norms
from kgqa.model.answer import EvidenceChunk
from kgqa.model.identity import stable_id
from kgqa.text.gazetteer import Gazetteer, GazetteerEntry
from kgqa.text.names import normalise
from kgqa.text.sentences import sentence_spans
from tests.unit.ask.doubles import BagOfWords, MemoryLake, StoredChunk

#: (key, title, text, access class)
Text = tuple[str, str, str, int]

SUPPORT_DESK: tuple[Text, ...] = (
    ("lifecycle", "Life cycle", "The P200 was discontinued in 2023. The P350 is the pump that replaced the P200.", 1),
    ("p350", "P350 manual", "Error E-417 means water in the seal chamber; the part behind it is HP-7731-04.", 1),
    ("p200", "P200 manual", "E-203 means the pump runs dry: open the valve.", 1),
    ("parts", "Spare parts", "Part: HP-7731-04; Description: shaft seal; Supplier: Kestrel Seals", 1),
    ("parts-2", "Spare parts", "Part: HP-2210-11; Description: impeller; Supplier: Northline", 1),
    ("register", "Register", "Change order: CO-2041; Part: HP-7731-04; Signed off by: Marta Lindqvist", 1),
    ("register-2", "Register", "Change order: CO-2063; Part: HP-2210-11; Signed off by: Tomasz Wieczorek", 1),
    ("canteen", "Canteen", "The soup of the day is lentil. The fountain in front of the canteen is out of order.", 1),
    ("prices", "Purchase prices", "Part: HP-7731-04; We pay: 9.57 EUR; Agreed by: Ivy Stone", 2),
)
NAMES: Mapping[str, str] = {
    "P200": "PRODUCT",
    "P350": "PRODUCT",
    "E-417": "ERROR_CODE",
    "E-203": "ERROR_CODE",
    "HP-7731-04": "PART_NUMBER",
    "HP-2210-11": "PART_NUMBER",
    "CO-2041": "CHANGE_ORDER",
    "CO-2063": "CHANGE_ORDER",
    "Kestrel Seals": "ORG",
    "Northline": "ORG",
    "Marta Lindqvist": "PERSON",
    "Tomasz Wieczorek": "PERSON",
    "Ivy Stone": "PERSON",
}


def lake(texts: Sequence[Text] = SUPPORT_DESK, names: Mapping[str, str] = NAMES) -> MemoryLake:
    """One chunk per text; `user:ivy` sees classes 1 and 2, everybody else 1."""
    gazetteer = Gazetteer(
        GazetteerEntry(norm=normalise(name), senses=((type_, ""),), documents=1, heading_documents=0)
        for name, type_ in names.items()
    )
    return MemoryLake([stored(*text, gazetteer) for text in texts], {"public": (1,), "user:ivy": (1, 2)})


def stored(key: str, title: str, text: str, acl_class: int, gazetteer: Gazetteer) -> StoredChunk:
    chunk = EvidenceChunk(
        chunk_id=stable_id("chunk", key),
        document_id=stable_id("document", key),
        document_key=key,
        title=title,
        uri=f"file:{key}",
        heading_path=(),
        page=None,
        start=0,
        end=len(text),
        text=text,
        language="en",
        sentences=tuple((start, end) for start, end in sentence_spans(text)),
    )
    vectors = BagOfWords().embed([f"{title}\n{text}", *(text[a:b] for a, b in chunk.sentences)], "passage")
    titles = title_norms(title, (), None, gazetteer)
    return StoredChunk(
        chunk=chunk,
        acl_class=acl_class,
        mentions=tuple(annotate(chunk.chunk_id, text, titles, gazetteer, {})),
        vector=np.asarray(vectors[0]),
        sentence_vectors=np.asarray(vectors[1:]),
    )
